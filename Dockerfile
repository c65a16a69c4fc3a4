# check=error=true
# The digest is of 2026-08-25, as Docker's own repo-info repository lists it; all platforms.
ARG BASE=python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b

FROM ${BASE} AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=1
WORKDIR /src
# Locks before code: a change of code alone does not fetch the dependencies again.
COPY requirements-build.lock requirements.lock ./
RUN python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && python3 -m venv --without-pip /app \
    && /build/bin/uv pip install --python /app --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY monitor monitor
RUN /build/bin/python -m flit_core.wheel --outdir /wheel . \
    && /build/bin/uv pip install --python /app --no-deps /wheel/*.whl \
    && install --directory --owner 8600 --group 8600 /data

FROM ${BASE}
COPY --from=build /app /app
COPY --from=build --chown=8600:8600 /data /data
COPY config /config
COPY verify /verify
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VIGIE_LISTEN=0.0.0.0:8600
# Numbers, not names: Kubernetes and a host's volume can check them.
USER 8600:8600
# From here the defaults of every command, `config` and `data`, are /config and /data.
WORKDIR /
VOLUME /data
EXPOSE 8600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["vigie", "health"]
ENTRYPOINT ["vigie"]
CMD ["run"]
