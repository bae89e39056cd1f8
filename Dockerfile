# nginx with Kanda in it; Redis is somebody else's container.
#
#   docker build -t kanda .
#   docker run --rm kanda keys > keys && chmod 600 keys
#   docker run -p 8080:8080 -v "$PWD/keys:/etc/kanda/keys:ro" \
#       -e KANDA_REDIS=redis://redis:6379 kanda
#
# KANDA_REDIS         where state lives
# KANDA_REGISTRATION  "on" lets anybody open an account (default "off")
# KANDA_ISSUER        who makes the tokens, as their "iss" says
# For more, mount an nginx.conf of your own over /etc/kanda/nginx.conf.

ARG DEBIAN=debian:12-slim

FROM $DEBIAN AS build
WORKDIR /kanda
RUN apt-get update && apt-get install -y --no-install-recommends make
COPY util/deps util/deps
RUN util/deps build
COPY . .
RUN make && strip build/ngx_http_kanda_module.so

FROM $DEBIAN
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        nginx openssl libqrencode4 libpng16-16 libcjson1 libargon2-1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log \
        /etc/nginx/sites-enabled \
    && mkdir -p /etc/kanda /var/log/nginx /usr/lib/nginx/modules \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
COPY --from=build /kanda/build/ngx_http_kanda_module.so \
    /usr/lib/nginx/modules/
COPY conf/nginx.conf conf/common-passwords.txt /etc/kanda/
COPY html /usr/share/kanda/html
COPY conf/protect-app.conf conf/api-tls.conf conf/auth-request.conf \
    conf/auth-request-client.conf /usr/share/kanda/examples/
COPY util/keys util/container /usr/local/bin/

EXPOSE 8080
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["container", "health"]
ENTRYPOINT ["container"]
CMD ["serve"]
