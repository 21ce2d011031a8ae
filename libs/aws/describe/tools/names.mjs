// What services call a resource in requests, where it is not what IAM calls it (both without case and punctuation).
export const otherNames = {
  securitygroup: ['groupid', 'groupids', 'groupname', 'groupnames', 'securitygroupid'],
  keypair: ['keyname', 'keypairid'],
  trail: ['name', 'trailname', 'trailnamelist'],
  alias: ['aliasname'],
  key: ['targetkeyid', 'sourcekeyid', 'destinationkeyid', 'kmskeyid'],
  function: ['functionname'],
  image: ['imageid', 'sourceimageid'],
  elasticip: ['allocationid', 'publicip'],
  snapshot: ['snapshotid', 'sourcesnapshotid'],
  natgateway: ['natgatewayid'],
  autoscalinggroup: ['autoscalinggroupname', 'autoscalinggroupnames'],
  launchconfiguration: ['launchconfigurationname'],
  dbuser: ['dbuser'],
  stream: ['streamname', 'streamarn'],
  placementgroup: ['groupname'],
  cluster: ['jobflowid', 'jobflowids', 'cluster', 'clustername', 'clusterarn', 'clusteridentifier', 'dbclusteridentifier'],
  cachecluster: ['cacheclusterid'],
  hostedzone: ['hostedzoneid', 'id'],
  distribution: ['distributionid', 'id'],
  domain: ['domainname', 'domainid'],
  account: ['accountid', 'childid'],
  mfa: ['serialnumber'],
  oidcprovider: ['openidconnectproviderarn'],
  samlprovider: ['samlproviderarn'],
  policy: ['policyarn', 'policyname'],
  configrule: ['configrulename'],
  table: ['tablename', 'tablearn', 'sourcetablename', 'targettablename', 'sourcetablearn'],
  backup: ['backuparn'],
  detector: ['detectorid'],
  networkacl: ['networkaclid'],
  vpcflowlog: ['flowlogid', 'flowlogids'],
  reservedinstances: ['reservedinstancesid'],
  maintenancewindow: ['windowid'],
  patchbaseline: ['baselineid'],
  instance: ['instanceid', 'instanceids', 'target'],
  insightrule: ['rulenames', 'rulename'],
};

/** Where a name means something else. */
export const notThere = { securitygroup: /placement/i, group: /networkinterface|securitygroup/i };

/** Their resources are found by code of their own: libs/aws/describe/special. */
export const specialResources = new Set(['s3', 'sqs', 'apigateway', 'apigatewayv2', 'bedrock-runtime']);
