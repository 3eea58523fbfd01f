FROM sluice-debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir -p /data && chown redis:redis /data
WORKDIR /data
VOLUME /data
# The image `redis` sets this, too: there is a network of containers to listen to.
ENTRYPOINT ["sh", "-c", "exec \"$@\" --bind '*' --protected-mode no", "sh"]
CMD ["redis-server"]
