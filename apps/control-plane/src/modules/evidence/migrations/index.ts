export { Evidence1795254300000 } from './1795254300000-evidence.js';
