// Kinds of values that several sections of the configuration have.
import { z } from 'zod';
import { withoutTrailing } from '../domain/trailing.ts';

/** A secret: 16 characters at least, never printed. Give it in the environment as `…_FILE` where you can. */
export const secret = (description: string): z.ZodString =>
  z.string().min(16, 'expected at least 16 characters').meta({ description, secret: true });

/** An http or https URL, without the slash at its end. */
export const httpUrl = (description: string): z.ZodURL =>
  z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
    .overwrite((url) => withoutTrailing(url, '/'))
    .meta({ description });

/** The name of a homeserver. */
export const serverName = z
  .string()
  .regex(/^[A-Za-z0-9.\-:[\]]+$/, 'expected a Matrix server name such as example.org or example.org:8448');

/** A time of at most a day. */
export const seconds = (description: string, fallback: number): z.ZodDefault<z.ZodNumber> =>
  z.number().positive().max(86_400).default(fallback).meta({ description });

/** A whole number within bounds. */
export const count = (
  description: string,
  { fallback, max, min = 1 }: { fallback: number; max: number; min?: number },
): z.ZodDefault<z.ZodNumber> => z.number().int().min(min).max(max).default(fallback).meta({ description });

/** A choice that is off or on. */
export const flag = (description: string, fallback: boolean): z.ZodDefault<z.ZodBoolean> =>
  z.boolean().default(fallback).meta({ description });
