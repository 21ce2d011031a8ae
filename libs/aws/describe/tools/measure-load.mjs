// What the catalogue and these descriptions take together:
//   npm run build && node --expose-gc libs/aws/describe/tools/measure-load.mjs
import { loadCatalogue } from '../../dist/catalogue/index.js';
import { describedServices, serviceData } from '../../dist/describe/service-data.js';

const memory = () => {
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
};
const measured = (name, act) => {
  const before = memory();
  const start = process.cpuUsage();
  const result = act();
  const { user, system } = process.cpuUsage(start);
  console.log(`${name}: ${((user + system) / 1e3).toFixed(1)} ms of CPU, ${(memory() - before).toFixed(1)} MB`);
  return result;
};

const catalogue = measured('load the catalogue', loadCatalogue);
const services = measured('load the descriptions', describedServices);
const common = ['s3', 'dynamodb', 'ec2', 'iam', 'sts', 'lambda', 'ssm', 'kms', 'sqs', 'sns', 'logs', 'ecs', 'ecr', 'rds', 'secretsmanager'];
measured(`parse the ${common.length} most used services of both`, () => {
  for (const name of common) {
    serviceData(name);
    void catalogue.services.get(name).operations.size;
  }
});
measured('as many services as are kept, of descriptions', () => {
  for (const name of services) serviceData(name);
});
