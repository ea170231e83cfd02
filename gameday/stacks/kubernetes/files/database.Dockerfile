# A database server that a keeper may start and end without its container's end. Built from the folder of the package
# `gameday`.
FROM postgres:15-bookworm
# A user of its own that may be nobody's on the node: initdb wants to know whom it works for.
RUN echo "staging:x:10001:10001::/var/lib/postgresql:/bin/bash" >> /etc/passwd \
 && echo "staging:x:10001:" >> /etc/group
COPY stacks/kubernetes/files/database.sh stacks/kubernetes/files/roles.sh staging/schema.sql /database/
ENV PGDATA=/var/lib/postgresql/data
USER 10001:10001
LABEL org.opencontainers.image.title="gameday sample database"
CMD ["bash", "/database/database.sh"]
