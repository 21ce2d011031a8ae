export { parseOptions, portsFrom } from './options.js';
