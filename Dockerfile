# The service in a container, built from the wheel:
#   docker build --target cpu -t rfhydra .
#   docker build --target cuda -t rfhydra:cuda .
# How to run it: docs/installation.md.

# constraints.txt pins for this version.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM ${PYTHON_IMAGE} AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/rfhydra
COPY constraints.txt /dist/
COPY --from=wheel /dist /dist

FROM environment AS cpu-environment
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=engine,live,archive,openvino
# Without their dependencies, which come from PyPI like all others.
RUN /opt/rfhydra/bin/pip install --no-deps --index-url "${TORCH_INDEX}" -c /dist/constraints.txt torch torchvision
RUN /opt/rfhydra/bin/pip install -c /dist/constraints.txt "$(echo /dist/rfhydra-*.whl)[${EXTRAS}]"

FROM environment AS cuda-environment
ARG EXTRAS=engine,live,archive
# The CUDA libraries are PyPI packages that torch depends on; the host has the driver.
RUN /opt/rfhydra/bin/pip install -c /dist/constraints.txt "$(echo /dist/rfhydra-*.whl)[${EXTRAS}]"

FROM ${PYTHON_IMAGE} AS runtime
ENV PATH=/opt/rfhydra/bin:${PATH} PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
RUN groupadd --gid 10001 rfhydra \
    && useradd --uid 10001 --gid rfhydra --home-dir /workspace --no-create-home --shell /usr/sbin/nologin rfhydra \
    && install --directory --owner rfhydra --group rfhydra --mode 700 /workspace
USER 10001:10001
WORKDIR /workspace
VOLUME /workspace
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
ENTRYPOINT ["rfhydra"]
CMD ["serve", "/workspace", "--host", "0.0.0.0"]

FROM runtime AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=cuda-environment /opt/rfhydra /opt/rfhydra

# The last target is what `docker build` makes without --target.
FROM runtime AS cpu
COPY --from=cpu-environment /opt/rfhydra /opt/rfhydra
