// The alert rules ask for figures that the bridge has, and each is explained to the operator.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string() }),
});
const { groups } = z
  .strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })) })
  .parse(parse(read('deploy/prometheus/alerts.yaml')));
const rules = groups.flatMap((group) => group.rules);

describe.each(rules)('the alert $alert', ({ alert, expr, annotations }) => {
  const { registry } = createMetrics();
  const asked = expr.match(/bridge_[a-z_]+/g) ?? [];

  test('asks for a figure of the bridge, by labels that it has', () => {
    expect(asked).not.toEqual([]);
    const labels = [...expr.matchAll(/by \(([a-z, ]+)\)/g)].flatMap(([, names = '']) => names.split(', '));
    const told = [...annotations.summary.matchAll(/\$labels\.([a-z]+)/g)].map(([, name]) => name);
    expect(labels).toEqual(told);
    for (const name of asked) {
      const metric: object | undefined = registry.getSingleMetric(name);
      expect(metric, name).toBeDefined();
      expect(metric && Reflect.get(metric, 'labelNames')).toEqual(expect.arrayContaining(labels));
    }
  });

  test('is explained', () => {
    expect(read('docs/how-to/monitor.md')).toContain(`| \`${alert}\``);
  });
});

test('a job that stands still, a service that is down and dead letters are told of', () => {
  expect(rules.map(({ alert }) => alert)).toEqual(
    expect.arrayContaining(['BridgeReaderStandsStill', 'BridgeDependencyDown', 'BridgeDeadLetters']),
  );
});
