// The audit trail as the configuration wants it: for the daemon and for commands.
import type { Config } from '../config/schema.ts';
import { createAuditTrail, noAuditTrail, type AuditTrail } from '../flows/audit-trail.ts';
import type { Clock } from '../domain/clock.ts';
import { compileSettings } from './settings.ts';

/** Composes the trail. */
export function composeAuditTrail(config: Config, clock: Clock): AuditTrail {
  return config.audit.enabled ? createAuditTrail(compileSettings(config).audit, clock) : noAuditTrail;
}
