FROM python:3.13.15-slim-trixie
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv==0.13.9 \
    && python -m venv /opt/clients \
    && /opt/clients/bin/pip install --no-cache-dir "awscli==1.*" "awscli-local==0.*" \
    && ln -s /opt/clients/bin/aws /opt/clients/bin/awslocal /usr/local/bin/
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_CACHE=1
COPY localstack /opt/engine
RUN uv sync --frozen --project /opt/engine && uv sync --frozen --project /opt/engine/runtime
ENV GATEWAY_LISTEN=0.0.0.0:4566 GATEWAY_SERVER=hypercorn DNS_ADDRESS=0 SKIP_SSL_CERT_DOWNLOAD=1 \
    LAMBDA_RUNTIME_EXECUTOR=process LAMBDA_PROCESS_PYTHONS=/opt/engine/runtime/.venv/bin/python \
    LAMBDA_PROCESS_GRACE_SECONDS=10 PYTHONUNBUFFERED=1
EXPOSE 4566
CMD ["/opt/engine/.venv/bin/python", "-m", "localstack.runtime.main"]
