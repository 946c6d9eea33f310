// Holds the custom resources on standard input, a JSON array of manifests, against the schemas of their definitions.
import { readFileSync } from "node:fs";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";

const kinds = { ScaledObject, PrometheusRule, ServiceMonitor };

for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
  const { apiVersion, kind, ...rest } = manifest;
  const resource = new kinds[kind](rest);
  if (resource.apiVersion !== apiVersion) throw new Error(`${kind}: ${apiVersion} is not ${resource.apiVersion}`);
  resource.validate();
}
