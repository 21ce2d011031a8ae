import type { Wire } from './attempt.js';
import { bodyCases } from './body-cases.js';
import { hostCases } from './host-cases.js';
import { signatureCases } from './signature-cases.js';

/** The cases that only a wire can show, each as its client would send it. Every sentence returned is a failure. */
export const wireCases: Readonly<Record<string, Wire>> = { ...signatureCases, ...hostCases, ...bodyCases };
