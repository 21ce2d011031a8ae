# The agent. Build from the repository's root:
#   docker build -f infra/images/agent.Dockerfile -t sallyport/agent .
# It runs where the targets are, with its configuration mounted at /etc/sallyport/agent.yaml and its state on a volume.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# A proxy that inspects TLS needs its CA here: --build-arg NODE_EXTRA_CA_CERTS=/ca.pem with the file mounted.
ARG NODE_EXTRA_CA_CERTS=
COPY . .
RUN npm ci --no-audit --no-fund && npm run build
RUN sh infra/images/stage-app.sh agent /app

FROM ${BASE_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
COPY infra/images/healthcheck.mjs /app/healthcheck.mjs
RUN useradd --uid 10001 --user-group --no-log-init --home-dir /var/lib/sallyport --shell /usr/sbin/nologin sallyport \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/sallyport
ENV NODE_ENV=production
USER 10001:10001
WORKDIR /app
VOLUME /var/lib/sallyport
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.mjs", "http://127.0.0.1:7410/readyz"]
ENTRYPOINT ["node", "apps/agent/dist/main.js"]
CMD ["--config", "/etc/sallyport/agent.yaml"]
