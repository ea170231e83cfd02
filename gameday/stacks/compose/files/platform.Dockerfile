# The sample system's platform. Built from the folder of the package `gameday`.
FROM python:3.11-slim-bookworm
COPY stacks/compose/files/platform.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -q -r /tmp/requirements.txt
COPY . /app/gameday
WORKDIR /app
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="gameday sample platform"
EXPOSE 8400
CMD ["python", "-m", "gameday.stacks.compose.platform"]
