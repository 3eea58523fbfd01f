FROM sluice-debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir -p /var/lib/postgresql && chown postgres:postgres /var/lib/postgresql
COPY standins/postgres-start /usr/local/bin/
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["postgres-start"]
CMD ["postgres"]
