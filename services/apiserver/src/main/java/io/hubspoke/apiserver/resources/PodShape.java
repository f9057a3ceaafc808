package io.hubspoke.apiserver.resources;

/** The types of a pod's fields. */
final class PodShape {
  private static final String PROBE =
      """
      {exec{command[]:string},tcpSocket{port:int_or_string,host:string},
      grpc{port:integer,service:string},httpGet{path:string,port:int_or_string,host:string,
      scheme:string,httpHeaders[]{name:string,value:string}},initialDelaySeconds:integer,
      timeoutSeconds:integer,periodSeconds:integer,successThreshold:integer,
      failureThreshold:integer,terminationGracePeriodSeconds:integer}
      """;

  private static final String KEY_REF = "{name:string,key:string,optional:boolean}";

  private static final String CONTAINER =
      """
      {name:string,image:string,imagePullPolicy:string,command[]:string,args[]:string,
      workingDir:string,ports[]{name:string,hostPort:integer,containerPort:integer,
      protocol:string,hostIP:string},env[]{name:string,value:string,valueFrom{
      fieldRef{apiVersion:string,fieldPath:string},
      resourceFieldRef{containerName:string,resource:string,divisor:quantity},
      configMapKeyRef%1$s,secretKeyRef%1$s}},envFrom[]{prefix:string,
      configMapRef{name:string,optional:boolean},secretRef{name:string,optional:boolean}},
      resources{limits%%:quantity,requests%%:quantity},restartPolicy:string,
      volumeMounts[]{name:string,mountPath:string,readOnly:boolean,subPath:string,
      mountPropagation:string,subPathExpr:string},livenessProbe%2$s,readinessProbe%2$s,
      startupProbe%2$s,lifecycle:any,terminationMessagePath:string,
      terminationMessagePolicy:string,securityContext:any,stdin:boolean,stdinOnce:boolean,
      tty:boolean,targetContainerName:string}
      """
          .formatted(KEY_REF, PROBE.strip())
          .strip();

  private static final String STATE =
      """
      {waiting{reason:string,message:string},running{startedAt:time},
      terminated{exitCode:integer,signal:integer,reason:string,message:string,startedAt:time,
      finishedAt:time,containerID:string}}
      """
          .strip();

  private static final String CONTAINER_STATUS =
      """
      {name:string,image:string,imageID:string,containerID:string,ready:boolean,started:boolean,
      restartCount:integer,state%1$s,lastState%1$s}
      """
          .formatted(STATE)
          .strip();

  static final String CONDITIONS =
      """
      conditions[]{type:string,status:string,reason:string,message:string,
      lastTransitionTime:time,lastProbeTime:time,lastHeartbeatTime:time,lastUpdateTime:time,
      observedGeneration:integer}
      """
          .strip();

  static final String FIELDS =
      """
      spec{nodeName:string,restartPolicy:string,terminationGracePeriodSeconds:integer,
      activeDeadlineSeconds:integer,dnsPolicy:string,nodeSelector%%:string,
      serviceAccountName:string,serviceAccount:string,automountServiceAccountToken:boolean,
      hostNetwork:boolean,hostPID:boolean,hostIPC:boolean,hostUsers:boolean,
      shareProcessNamespace:boolean,securityContext:any,imagePullSecrets[]{name:string},
      hostname:string,subdomain:string,affinity:any,schedulerName:string,
      tolerations[]{key:string,operator:string,value:string,effect:string,
      tolerationSeconds:integer},hostAliases[]{ip:string,hostnames[]:string},
      priorityClassName:string,priority:integer,preemptionPolicy:string,
      readinessGates[]{conditionType:string},runtimeClassName:string,enableServiceLinks:boolean,
      overhead%%:quantity,topologySpreadConstraints[]:any,schedulingGates[]{name:string},
      volumes[]{name:string,emptyDir:any,hostPath:any,
      secret{secretName:string,items[]:any,defaultMode:integer,optional:boolean},
      configMap{name:string,items[]:any,defaultMode:integer,optional:boolean},
      projected{sources[]:any,defaultMode:integer},downwardAPI:any,
      persistentVolumeClaim{claimName:string,readOnly:boolean}},
      containers[]%1$s,initContainers[]%1$s,ephemeralContainers[]%1$s},
      status{phase:string,reason:string,message:string,podIP:string,podIPs[]{ip:string},
      hostIP:string,hostIPs[]{ip:string},startTime:time,qosClass:string,
      nominatedNodeName:string,%3$s,containerStatuses[]%2$s,initContainerStatuses[]%2$s,
      ephemeralContainerStatuses[]%2$s}
      """
          .formatted(CONTAINER, CONTAINER_STATUS, CONDITIONS)
          .strip();

  private PodShape() {}
}
