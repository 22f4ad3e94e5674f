// The profiles by name. To add one: a file in this folder, its name in `domain/fhir.ts`, and a line here.
import type { FhirProfileName } from '../../domain/fhir.ts';
import type { FhirProfile } from './fhir-profile.ts';
import { generic } from './generic.ts';
import { ozo07 } from './ozo-0.7.ts';
import { ozo09 } from './ozo-0.9.ts';

export const FHIR_PROFILES: Readonly<Record<FhirProfileName, FhirProfile>> = {
  generic,
  'ozo-0.7': ozo07,
  'ozo-0.9': ozo09,
};
