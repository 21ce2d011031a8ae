# The control plane. Build from the repository's root:
#   docker build -f infra/images/control-plane.Dockerfile -t sallyport/control-plane .
# NODE_IMAGE builds, and lends its node binary to BASE_IMAGE, in which the product runs: without npm, compilers, headers.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# A proxy that inspects TLS needs its CA here: --build-arg NODE_EXTRA_CA_CERTS=/ca.pem with the file mounted.
ARG NODE_EXTRA_CA_CERTS=
COPY . .
RUN npm ci --no-audit --no-fund && npm run build
RUN sh infra/images/stage-app.sh control-plane /app

FROM ${BASE_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
COPY infra/images/healthcheck.mjs /app/healthcheck.mjs
RUN useradd --uid 10001 --user-group --no-log-init --home-dir /var/lib/sallyport --shell /usr/sbin/nologin sallyport \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/sallyport
ENV NODE_ENV=production \
    SALLYPORT_REQUIRE_DATABASE_URL=1 \
    SALLYPORT_DATA_DIR=/var/lib/sallyport \
    SALLYPORT_HTTP_ADDRESS=0.0.0.0:7400 \
    SALLYPORT_TUNNEL_ADDRESS=0.0.0.0:7401 \
    SALLYPORT_ENROLMENT_ADDRESS=0.0.0.0:7402 \
    SALLYPORT_POSTGRES_ADDRESS=0.0.0.0:7432 \
    SALLYPORT_AWS_ADDRESS=0.0.0.0:7443 \
    SALLYPORT_ANTHROPIC_ADDRESS=0.0.0.0:7445 \
    SALLYPORT_OPENAI_ADDRESS=0.0.0.0:7446
USER 10001:10001
WORKDIR /app
VOLUME /var/lib/sallyport
EXPOSE 7400 7401 7402 7432 7443 7445 7446
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.mjs", "http://127.0.0.1:7400/readyz"]
ENTRYPOINT ["node", "apps/control-plane/dist/main.js"]
