export * from './errors.js';
export * from './identity.js';
export * from './ids.js';
export * from './immutable.js';
export * from './masking-plan.js';
export * from './operation.js';
export * from './protocol-name.js';
