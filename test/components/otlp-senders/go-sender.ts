/** A small Go program on the OpenTelemetry SDK for Go: ten counts of 3, ten durations of 0.25 s, and goodbye. */
export const goSender = {
  'go.mod': 'module perfmon.test/sender\n\ngo 1.24\n',
  'main.go': `package main

import (
	"context"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	ctx := context.Background()
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	if err != nil {
		panic(err)
	}
	own := resource.NewSchemaless(attribute.String("service.name", "go-sender"), attribute.String("service.instance.id", os.Args[1]))
	provider := sdk.NewMeterProvider(sdk.WithReader(sdk.NewPeriodicReader(exporter)), sdk.WithResource(own))
	meter := provider.Meter("sender")
	counter, _ := meter.Int64Counter("sent.items")
	histogram, _ := meter.Float64Histogram("sent.duration", metric.WithUnit("s"))
	for round := 0; round < 10; round++ {
		counter.Add(ctx, 3, metric.WithAttributes(attribute.String("kind", "a")))
		histogram.Record(ctx, 0.25)
	}
	if err := provider.Shutdown(ctx); err != nil {
		panic(err)
	}
}
`,
} as const

export const goSenderModules = [
  'go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp@v1.46.0',
  'go.opentelemetry.io/otel/sdk/metric@v1.46.0',
] as const
