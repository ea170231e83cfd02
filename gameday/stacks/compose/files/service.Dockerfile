# The sample system's own programs, for one release. Built from the folder of the package `gameday`.
FROM python:3.11-slim-bookworm
COPY stacks/compose/files/service.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -q -r /tmp/requirements.txt
COPY staging /app/gameday/staging
WORKDIR /app
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ARG RELEASE
ENV RELEASE=$RELEASE
LABEL org.opencontainers.image.title="gameday sample service" org.opencontainers.image.version=$RELEASE
USER 65534:65534
EXPOSE 8080
CMD ["python", "-m", "gameday.staging.auth", "--host", "0.0.0.0", "--port", "8080"]
