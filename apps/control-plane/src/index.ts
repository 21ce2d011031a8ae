export { application, type Feature, features } from './app.module.js';
export { type ControlPlane, type StartOptions, startControlPlane } from './control-plane.js';
export { Configuration, parseConfiguration } from './platform/config.js';
export { Log } from './platform/logging/log.js';
