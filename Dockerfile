# One image for every role: `linkgauge worker`, `reporter`, `lake`, `topics create`, `agent ...`.
# The release is pinned here; pin the digest too where you build for production: --build-arg PYTHON_IMAGE=python@sha256:...
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# What changes seldom comes first, so that a change of the code alone installs nothing again.
COPY requirements/build.txt requirements/services.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
    && python -m venv --without-pip /opt/linkgauge \
    && /opt/build/bin/pip --python /opt/linkgauge/bin/python install --require-hashes -r requirements/services.txt
COPY pyproject.toml README.md LICENSE ./
COPY streams streams
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/build/bin/pip --python /opt/linkgauge/bin/python install --no-deps wheels/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="linkgauge" \
    org.opencontainers.image.description="Measures how wide a storage replication link must be" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/linkgauge /opt/linkgauge
# What is kept: the tables of `linkgauge lake`. A new volume takes the owner from here.
RUN install -d -o 10001 -g 10001 /var/lib/linkgauge
# Nothing else is written but to /tmp: the root file system may be read-only.
ENV PATH=/opt/linkgauge/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp LINKGAUGE_REPORTER__HOST=0.0.0.0
# A number, so that Kubernetes sees that it is not root; it needs no entry in /etc/passwd.
USER 10001:10001
# linkgauge.toml is looked for here.
WORKDIR /etc/linkgauge
EXPOSE 9108
STOPSIGNAL SIGTERM
ENTRYPOINT ["linkgauge"]
CMD ["--help"]
