# A worker of the load: Locust, which gets everything that it runs from its master. Built from the folder of the package
# `gameday`; the release of Locust is the one that gameday itself runs.
FROM python:3.11-slim-bookworm
COPY stacks/compose/files/load.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -q -r /tmp/requirements.txt
WORKDIR /tmp
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="gameday load worker"
USER 65534:65534
CMD ["locust", "-f", "-", "--worker", "--master-host", "host.docker.internal"]
