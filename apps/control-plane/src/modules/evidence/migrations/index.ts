export { Evidence1795254300000 } from './1795254300000-evidence.js';
export { LogKeys1795254600000 } from './1795254600000-log-keys.js';
export { KeyParents1795255872000 } from './1795255872000-key-parents.js';
