#include "kanda_gate.h"
#include "kanda_conf.h"
#include "kanda_cookie.h"


#define KANDA_GATE_IDLE         (30 * 60 * (int64_t) 1000)          /* ms */
#define KANDA_GATE_ABSOLUTE     (12 * 3600 * (int64_t) 1000)
#define KANDA_GATE_MAX          (KANDA_SESSION_TTL * (int64_t) 1000)


static char *kanda_conf_require_option(kanda_require_t *require,
    ngx_str_t *arg);
static char *kanda_gate_name_cookies(ngx_conf_t *cf,
    ngx_http_kanda_loc_conf_t *conf);
static ngx_uint_t kanda_gate_self(const kanda_dialect_t *dialect);
static void kanda_gate_warn_realm(ngx_conf_t *cf,
    const ngx_http_kanda_loc_conf_t *gate);


static const kanda_require_t  kanda_require_nothing = {
    KANDA_REQUIRE_NOTHING, 0, ngx_null_string
};


char *
kanda_conf_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    char                        *rv;
    ngx_str_t                   *args;
    ngx_uint_t                   i;
    kanda_require_t             *require;
    ngx_http_kanda_main_conf_t  *kmcf;

    if (klcf->require) {
        return "is duplicate";
    }

    args = cf->args->elts;
    klcf->gated = 1;

    if (ngx_strcmp(args[1].data, "off") == 0) {
        klcf->require = &kanda_require_nothing;
        return cf->args->nelts == 2 ? NGX_CONF_OK : "off stands alone";
    }

    require = ngx_pcalloc(cf->pool, sizeof(kanda_require_t));
    if (require == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_strcmp(args[1].data, "user") == 0) {
        require->level = KANDA_REQUIRE_USER;

    } else if (ngx_strcmp(args[1].data, "otp") == 0) {
        require->level = KANDA_REQUIRE_OTP;

    } else {
        return "knows user, otp and off";
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = kanda_conf_require_option(require, &args[i]);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    klcf->require = require;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);
    kmcf->served = 1;
    kmcf->gates = 1;

    return NGX_CONF_OK;
}


static char *
kanda_conf_require_option(kanda_require_t *require, ngx_str_t *arg)
{
    size_t  i;

    if (ngx_strncmp(arg->data, "max_age=", 8) == 0) {

        return require->max_age
               ? "has max_age= twice"
               : require->level == KANDA_REQUIRE_OTP
               ? kanda_conf_ms(arg, "max_age=", &require->max_age)
               : "max_age= goes with otp: it is the age of a second factor";
    }

    if (ngx_strncmp(arg->data, "login=", 6) != 0) {
        return "knows max_age= and login=";
    }

    if (require->login.len) {
        return "has login= twice";
    }

    require->login.data = arg->data + 6;
    require->login.len = arg->len - 6;

    for (i = 0; i < require->login.len; i++) {
        if (require->login.data[i] <= ' ' || require->login.data[i] >= 0x7f
            || require->login.data[i] == '?' || require->login.data[i] == '#'
            || require->login.data[i] == '\\')
        {
            break;
        }
    }

    return i == require->login.len && i != 0 && require->login.data[0] == '/'
           && require->login.data[1] != '/'
           ? NGX_CONF_OK
           : "login= must be a path of this host, such as /sign-in";
}


char *
kanda_conf_session(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_kanda_loc_conf_t *klcf = conf;

    char        *rv;
    u_char      *p;
    int64_t      idle, absolute;
    ngx_str_t   *args;
    ngx_uint_t   i;

    if (klcf->gate_limits.data) {
        return "is duplicate";
    }

    args = cf->args->elts;

    if (ngx_strcmp(args[1].data, "off") == 0) {
        ngx_str_set(&klcf->gate_limits, "");
        return cf->args->nelts == 2 ? NGX_CONF_OK : "off stands alone";
    }

    idle = KANDA_GATE_IDLE;
    absolute = KANDA_GATE_ABSOLUTE;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(args[i].data, "idle=", 5) == 0) {
            rv = kanda_conf_ms(&args[i], "idle=", &idle);

        } else if (ngx_strncmp(args[i].data, "absolute=", 9) == 0) {
            rv = kanda_conf_ms(&args[i], "absolute=", &absolute);

        } else {
            rv = "knows idle= and absolute=, or off";
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (idle < 1000 || absolute > KANDA_GATE_MAX || absolute < idle) {
        return "wants idle= (30m if not given) from 1s, and absolute= (12h) "
               "not below that and up to 7d";
    }

    p = ngx_pnalloc(cf->pool, 2 * NGX_INT64_LEN + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    klcf->gate_limits.data = p;
    klcf->gate_limits.len = ngx_sprintf(p, "%L %L", idle, absolute) - p;
    klcf->gate_absolute = (time_t) (absolute / 1000);

    return NGX_CONF_OK;
}


/* A dialect that looks at credentials itself has no gate but its own, unless
 * one is written there: what stands for a whole server would keep everybody
 * from signing in.  The rule is inherited all the same, by what is nested in
 * it and is none of the dialect's. */

char *
kanda_gate_merge(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *prev,
    ngx_http_kanda_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_kanda_loc_conf_t   **place;
    ngx_http_kanda_main_conf_t   *kmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    conf->exempt = clcf->noname ? prev->exempt
                                : !conf->gated && conf->dialect
                                  && kanda_gate_self(conf->dialect);

    if (conf->require == NULL) {
        conf->require = prev->require;
    }

    if (conf->dialect == &kanda_check_dialect
        && kanda_require_rule(conf) == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "kanda_serve check says yes to everybody without "
                           "kanda_require in the same location");
        return NGX_CONF_ERROR;
    }

    if (conf->gate_limits.data == NULL) {
        conf->gate_limits = prev->gate_limits;
        conf->gate_absolute = prev->gate_absolute;
    }

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);

    if (kmcf->locations == NULL) {
        kmcf->locations = ngx_array_create(cf->temp_pool, 16,
                                           sizeof(ngx_http_kanda_loc_conf_t *));
        if (kmcf->locations == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    place = ngx_array_push(kmcf->locations);
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    *place = conf;

    return kanda_gate_name_cookies(cf, conf);
}


/* Each realm has a cookie of its own, so that a host may have gates of
 * several. */

static char *
kanda_gate_name_cookies(ngx_conf_t *cf, ngx_http_kanda_loc_conf_t *conf)
{
    u_char      *p;
    ngx_str_t   *name;
    ngx_uint_t   secure;

    for (secure = 0; secure < 2; secure++) {
        name = &conf->gate_cookies[secure];

        p = ngx_pnalloc(cf->pool, sizeof("__Host-kanda_") + conf->realm.len);
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        name->data = p;
        name->len = ngx_sprintf(p, "%skanda_%V%Z", secure ? "__Host-" : "",
                                &conf->realm)
                    - p - 1;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
kanda_gate_self(const kanda_dialect_t *dialect)
{
    ngx_uint_t  i;

    for (i = 0; i < dialect->nroutes; i++) {
        if (dialect->routes[i].auth != KANDA_AUTH_NONE) {
            return 1;
        }
    }

    return 0;
}


void
kanda_gate_warn(ngx_conf_t *cf)
{
    ngx_uint_t                    i, j;
    ngx_http_kanda_loc_conf_t   **locations;
    ngx_http_kanda_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);

    if (!kmcf->gates || kmcf->locations == NULL) {
        return;
    }

    locations = kmcf->locations->elts;

    for (i = 0; i < kmcf->locations->nelts; i++) {

        if (kanda_require_rule(locations[i]) == NULL) {
            continue;
        }

        /* once a realm */

        for (j = 0; j < i; j++) {
            if (kanda_require_rule(locations[j])
                && kanda_same(&locations[j]->realm, &locations[i]->realm))
            {
                break;
            }
        }

        if (j == i) {
            kanda_gate_warn_realm(cf, locations[i]);
        }
    }
}


static void
kanda_gate_warn_realm(ngx_conf_t *cf, const ngx_http_kanda_loc_conf_t *gate)
{
    ngx_uint_t                    i, known, opens;
    ngx_http_kanda_loc_conf_t   **locations, *open;
    ngx_http_kanda_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_kanda_module);
    locations = kmcf->locations->elts;

    known = 0;
    opens = 0;
    open = NULL;

    for (i = 0; i < kmcf->locations->nelts; i++) {

        if (locations[i]->dialect == NULL || !locations[i]->dialect->tokens
            || !kanda_same(&locations[i]->realm, &gate->realm))
        {
            continue;
        }

        if (locations[i]->registration) {
            open = locations[i];
        }

        if (locations[i]->dialect->forged) {
            known = 1;
            opens |= (locations[i]->gate_limits.len != 0);
        }
    }

    if (open) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "kanda_require lets in whoever registers at \"%V/\", "
                      "for \"kanda_registration\" is on in realm \"%V\" and "
                      "nobody has verified those emails",
                      &open->prefix, &gate->realm);
    }

    if (known && !opens) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "kanda_require in realm \"%V\" knows browsers by a "
                      "cookie that no sign-in sets: \"kanda_session\" is "
                      "missing where \"kanda_serve auth\" is", &gate->realm);
    }
}
