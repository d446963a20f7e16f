# The collector's own image holds one binary and nothing else: no folder that its user may write to, and nothing
# that could ask the health check. This adds both.
FROM busybox:1.37.0-musl AS tools
RUN mkdir /queue && chown 10001:10001 /queue

FROM otel/opentelemetry-collector-contrib:0.161.0
COPY --from=tools /bin/busybox /bin/busybox
COPY --from=tools --chown=10001:10001 /queue /var/lib/otelcol/queue
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["/bin/busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:13133/"]
