#!/bin/sh
# Makes what docker-compose.yml mounts: secrets that are different in every installation, and the sample data.
#   compose-init.sh         before the first `docker compose up`
#   compose-init.sh agent   afterwards: logs you in (as grace), enrols the agent and makes the connection "orders"
# Needs npm ci and npm run build, for the CLI and the sample data.
set -eu
cd "$(dirname "$0")/../.."
home=.sallyport/compose
cli() { node apps/cli/dist/main.js --url http://localhost:7400 "$@"; }

# Containers run as users of their own and must read the files: the folder keeps everybody else on this machine out.
umask 022
mkdir -p "$home"
chmod 700 "$home"
secret() {
  [ -s "$home/$1" ] || node -e 'process.stdout.write(require("crypto").randomBytes(32).toString("hex"))' >"$home/$1"
}

init() {
  for name in store-password master-key console-client-secret target-owner-password target-agent-password; do secret "$name"; done
  [ -s "$home/database-url" ] || printf 'postgres://sallyport:%s@store:5432/sallyport' "$(cat "$home/store-password")" >"$home/database-url"
  [ -e "$home/enrolment-key" ] || : >"$home/enrolment-key"
  node apps/quickstart/dist/sample-sql.js "$home/target-agent-password" >"$home/sample.sql"
  echo "made in $home; next: docker compose up --build -d"
}

enrol() {
  cli whoami >/dev/null 2>&1 || cli login
  cli agents enrol "compose-$(date +%s)" >"$home/enrolment-key"
  docker compose restart agent
  cli connections show orders >/dev/null 2>&1 ||
    cli connections create orders --target shop-db --database shop --label sample --record-responses \
      --accept 'can write: public.* (INSERT, UPDATE, DELETE)' --accept 'can advance: public.*' \
      --accept 'setting: default_transaction_read_only = off' --accept 'login: a password that the role can change'
  cli policies packs --json |
    node -e 'const packs = JSON.parse(require("fs").readFileSync(0, "utf8")); process.stdout.write(packs.find(({ name }) => name === "postgres-safe").text)' |
    cli policies apply - --comment 'the pack postgres-safe'
  echo 'enrolled; next: npx sallyport --url http://localhost:7400 login, and npx sallyport psql orders'
}

case "${1:-init}" in
  init) init ;;
  agent) enrol ;;
  *) echo "usage: compose-init.sh [agent]" >&2; exit 2 ;;
esac
