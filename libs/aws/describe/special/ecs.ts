/** ECS: a task definition is `family` or `family:revision`, and no cluster means the one called default. */
import { isArn, lastName, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textsAt } from '../members.js';

const inCluster = ['service', 'services[]', 'task', 'tasks[]', 'containerInstance', 'containerInstances[]'] as const;
const types: Readonly<Record<string, string>> = {
  service: 'service',
  task: 'task',
  containerinstance: 'container-instance',
};

export const ecsResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const arn = (rest: string) => `arn:${partition}:ecs:${region}:${account}:${rest}`;
  const before = findings.size;
  addTaskDefinitions(call, findings, arn);
  const cluster = lastName(textsAt(call.input, 'cluster')[0] ?? 'default');
  for (const path of inCluster)
    for (const value of textsAt(call.input, path)) {
      const type = types[path.replace(/s?(\[\])?$/, '').toLowerCase()]!;
      if (isArn(value)) findings.addArn(value);
      else findings.addPart(namePart(`${cluster}/${value}`), (text) => arn(`${type}/${text}`));
    }
  return findings.size > before;
};

const addTaskDefinitions = ({ input, operation }: Call, findings: Findings, arn: (rest: string) => string): void => {
  if (operation === 'UpdateService' || operation === 'CreateService') return; // about the service
  for (const value of textsAt(input, 'taskDefinition')) {
    const whole = value.includes(':') ? value : `${value}:*`;
    if (isArn(value)) findings.addArn(value);
    else
      findings.addPart(namePart(value), () =>
        arn(`task-definition/${namePart(whole.replace(/:\*$/, '')).text}${whole.endsWith(':*') ? ':*' : ''}`),
      );
  }
};
