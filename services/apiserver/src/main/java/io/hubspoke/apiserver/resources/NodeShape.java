package io.hubspoke.apiserver.resources;

/** The types of a node's fields. */
final class NodeShape {
  private static final String TYPES =
      """
      ConfigMapNodeConfigSource={kubeletConfigKey:string,name:string,namespace:string,
      resourceVersion:string,uid:string},
      NodeConfigSource={configMap:ConfigMapNodeConfigSource},
      NodeSpec={configSource:NodeConfigSource,externalID:string,podCIDR:string,
      podCIDRs[]:string,providerID:string,taints[]{effect:string,key:string,timeAdded:time,
      value:string},unschedulable:boolean},
      NodeCondition={lastHeartbeatTime:time,lastTransitionTime:time,message:string,
      reason:string,status:string,type:string},
      NodeConfigStatus={active:NodeConfigSource,assigned:NodeConfigSource,error:string,
      lastKnownGood:NodeConfigSource},
      NodeSystemInfo={architecture:string,bootID:string,containerRuntimeVersion:string,
      kernelVersion:string,kubeProxyVersion:string,kubeletVersion:string,machineID:string,
      operatingSystem:string,osImage:string,swap{capacity:long},systemUUID:string},
      NodeRuntimeHandler={features{recursiveReadOnlyMounts:boolean,userNamespaces:boolean},
      name:string},
      NodeStatus={addresses[]{address:string,type:string},allocatable%:quantity,
      capacity%:quantity,conditions[]:NodeCondition,config:NodeConfigStatus,daemonEndpoints{
      kubeletEndpoint{Port:integer}},features{supplementalGroupsPolicy:boolean},images[]{
      names[]:string,sizeBytes:long},nodeInfo:NodeSystemInfo,phase:string,
      runtimeHandlers[]:NodeRuntimeHandler,volumesAttached[]{devicePath:string,name:string},
      volumesInUse[]:string},
      """;

  static final String FIELDS = TYPES + "spec:NodeSpec,status:NodeStatus";

  private NodeShape() {}
}
