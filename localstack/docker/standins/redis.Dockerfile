FROM sluice-debian
RUN apt-get update \
    && apt-get install --yes --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir -p /data && chown redis:redis /data
WORKDIR /data
VOLUME /data
# As in the image `redis`: the server accepts connections from other containers.
ENTRYPOINT ["sh", "-c", "exec \"$@\" --bind '*' --protected-mode no", "sh"]
CMD ["redis-server"]
