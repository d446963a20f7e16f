# python python-sender.py INSTANCE: ten counts of 3, ten durations of 0.25 s, and goodbye.
import sys

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

resource = Resource({"service.name": "python-sender", "service.instance.id": sys.argv[1]})
provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource)
meter = provider.get_meter("sender")
counter = meter.create_counter("sent.items")
histogram = meter.create_histogram("sent.duration", unit="s")
for _ in range(10):
    counter.add(3, {"kind": "a"})
    histogram.record(0.25)
provider.shutdown()
