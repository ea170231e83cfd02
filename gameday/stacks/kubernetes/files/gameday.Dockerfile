# gameday itself, for a Job in the cluster. Built from the folder of the project:
#   docker build -f gameday/stacks/kubernetes/files/gameday.Dockerfile -t gameday:1 .
FROM python:3.11-slim-bookworm
COPY requirements/run.txt requirements/kubernetes.txt /tmp/
RUN pip install --no-cache-dir --disable-pip-version-check -q -r /tmp/run.txt -r /tmp/kubernetes.txt
COPY gameday /app/gameday
COPY experiments /app/experiments
COPY scenarios /app/scenarios
COPY scorecards /app/scorecards
COPY templates /app/templates
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp CHAOSTOOLKIT_IN_POD=true
WORKDIR /project
USER 10001:10001
LABEL org.opencontainers.image.title="gameday"
ENTRYPOINT ["python", "-m", "gameday"]
