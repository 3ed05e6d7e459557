#!/bin/sh
# The eight examples of `kubectl create ingress --help`, each on a host of its own so that they can
# stand side by side. Writes one manifest each into this folder; no cluster is asked.
set -eu
cd "$(dirname "$0")"

create() {
  kubectl create ingress "$@" --dry-run=client -o yaml >"$1.yaml"
}

create simple --rule="simple.example.com/bar=svc1:8080,tls=my-cert"
create catch-all --class=otheringress --rule="/path=svc:port"
create annotated --class=default --rule="annotated.example.com/bar=svc:port" \
  --annotation ingress.annotation1=foo \
  --annotation ingress.annotation2=bla
create multipath --class=default \
  --rule="multipath.example.com/=svc:port" \
  --rule="multipath.example.com/admin/=svcadmin:portadmin"
create ingress1 --class=default \
  --rule="foo.example.com/path*=svc:8080" \
  --rule="bar.example.com/admin*=svc2:http"
create ingtls --class=default \
  --rule="ingtls.example.com/=svc:https,tls" \
  --rule="ingtls.example.com/path/subpath*=othersvc:8080"
create ingsecret --class=default \
  --rule="ingsecret.example.com/*=svc:8080,tls=secret1"
create ingdefault --class=default \
  --default-backend=defaultsvc:http \
  --rule="ingdefault.example.com/*=svc:8080,tls=secret1"
