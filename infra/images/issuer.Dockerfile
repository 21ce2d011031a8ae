# The issuer of the quickstart, for docker-compose.yml only: it knows no passwords.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
ARG NODE_EXTRA_CA_CERTS=
COPY . .
RUN npm ci --no-audit --no-fund && npm run build
RUN sh infra/images/stage-app.sh quickstart /app

FROM ${BASE_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
COPY infra/images/healthcheck.mjs /app/healthcheck.mjs
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --shell /usr/sbin/nologin sallyport
ENV NODE_ENV=production
USER 10001:10001
WORKDIR /app
EXPOSE 7403
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/healthcheck.mjs", "http://127.0.0.1:7403/healthz"]
ENTRYPOINT ["node", "apps/quickstart/dist/issuer-main.js"]
