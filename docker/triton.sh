#!/bin/sh
# Starts Triton: gRPC for workers, metrics, and HTTP for the probes of its own container alone.
# Further options follow these.
set -eu

# What a killed Triton leaves in shared memory outlives its container where /dev/shm is a volume.
rm -f /dev/shm/moviola_pod_*

exec tritonserver \
    --model-repository="${MODEL_REPOSITORY:-/opt/moviola/model_repo}" \
    --model-control-mode=none \
    --disable-auto-complete-config \
    --backend-config=python,shm-region-prefix-name=moviola_pod_ \
    --http-address=127.0.0.1 \
    --http-port=8000 \
    --grpc-port=8001 \
    --metrics-port=8002 \
    --exit-timeout-secs=5 \
    --log-info=false \
    "$@"
