#include "ngx_http_kanda.h"
#include "kanda_crypto.h"
#include "kanda_replay.h"


ngx_int_t
kanda_worker_start(ngx_cycle_t *cycle)
{
    kanda_worker_t              *worker;
    ngx_http_kanda_main_conf_t  *kmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    kmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_kanda_module);

    if (kmcf == NULL || !kmcf->served) {
        return NGX_OK;
    }

    if (kanda_crypto_init() != 0 || kanda_keyring_open(kmcf->ring) != 0
        || kanda_script_init() != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "kanda: OpenSSL lacks what is needed");
        return NGX_ERROR;
    }

    kanda_stats_start(kmcf->stats, kmcf->ring);
    kanda_replay_start(kmcf->replay);

    worker = &kmcf->worker;
    worker->hello.ring = kmcf->ring;
    worker->kdf = kanda_kdf_create(cycle, kmcf->ring->pepper);
    worker->redis = kanda_redis_create(cycle, &kmcf->redis, kanda_store_hello,
                                       kanda_store_prove, &worker->hello);
    worker->tokens = kanda_jwt_cache_new();

    if (worker->kdf == NULL || worker->redis == NULL || worker->tokens == NULL)
    {
        return NGX_ERROR;
    }

    worker->shares = kanda_shares_create(worker->redis, cycle->log);
    worker->clock = kanda_clock_create(worker->redis, cycle->log);

    return worker->shares && worker->clock ? NGX_OK : NGX_ERROR;
}


void
kanda_worker_stop(ngx_cycle_t *cycle)
{
    ngx_http_kanda_main_conf_t  *kmcf;

    kmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_kanda_module);

    if (kmcf == NULL || kmcf->worker.redis == NULL) {
        return;
    }

    kanda_op_detach(&kmcf->worker.hello.waiter);
    kanda_clock_destroy(kmcf->worker.clock);
    kanda_shares_destroy(kmcf->worker.shares);
    kanda_redis_destroy(kmcf->worker.redis);
    kanda_kdf_destroy(kmcf->worker.kdf);
    kanda_jwt_cache_free(kmcf->worker.tokens);
    kanda_keyring_wipe(kmcf->ring);
    kanda_crypto_done();
    kanda_stats_stop();

    ngx_memzero(&kmcf->worker, sizeof(kanda_worker_t));
}
