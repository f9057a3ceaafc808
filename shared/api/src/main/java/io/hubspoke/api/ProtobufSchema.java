package io.hubspoke.api;

import java.util.HashMap;
import java.util.Map;

/**
 * The field numbers of messages, from the {@code generated.proto} files of Kubernetes' API. Written
 * as {@code 1 name string}; {@code []} for repeated fields, {@code ?} for those whose zero counts.
 */
final class ProtobufSchema {
  /** A field; the type is a primitive's name or a message's. */
  record Field(String name, String type, boolean repeated) {
    boolean isVarint() {
      return (type.startsWith("int") && !type.equals("intOrString")) || type.startsWith("bool");
    }
  }

  private static final String DELETE_OPTIONS = "DeleteOptions";
  private static final String REVIEW = "1 metadata ObjectMeta";
  private static final String BINDING =
      "1 metadata ObjectMeta, 2 subjects[] Subject, 3 roleRef RoleRef";

  private static final Map<String, ProtobufSchema> MESSAGES =
      Map.ofEntries(
          message("Envelope", "1 typeMeta TypeMeta, 2 raw bytes"),
          message("TypeMeta", "1 apiVersion string, 2 kind string"),
          message("map", "1 key string, 2 value string"),
          message("bytesMap", "1 key string, 2 value bytes"),
          message("extraMap", "1 key string, 2 value ExtraValue"),
          message("ExtraValue", "1 items[] string"),
          message("Time", "1 seconds int, 2 nanos int"),
          message("IntOrString", "1 type int, 2 intVal int, 3 strVal string"),
          message(
              "ObjectMeta",
              "1 name string, 2 generateName string, 3 namespace string, 4 selfLink string,"
                  + " 5 uid string, 6 resourceVersion string, 7 generation int,"
                  + " 8 creationTimestamp time, 9 deletionTimestamp time,"
                  + " 10 deletionGracePeriodSeconds int?, 11 labels map, 12 annotations map,"
                  + " 13 ownerReferences[] OwnerReference, 14 finalizers[] string"),
          message(
              "OwnerReference",
              "1 kind string, 3 name string, 4 uid string, 5 apiVersion string,"
                  + " 6 controller bool?, 7 blockOwnerDeletion bool?"),
          message("NamespaceSpec", "1 finalizers[] string"),
          message("NamespaceStatus", "1 phase string"),
          message(
              "v1/Namespace",
              "1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus"),
          message(
              "v1/ConfigMap",
              "1 metadata ObjectMeta, 2 data map, 3 binaryData bytesMap, 4 immutable bool?"),
          message(
              "v1/Secret",
              "1 metadata ObjectMeta, 2 data bytesMap, 3 type string, 4 stringData map,"
                  + " 5 immutable bool?"),
          message("LocalObjectReference", "1 name string"),
          message(
              "v1/ServiceAccount",
              "1 metadata ObjectMeta, 3 imagePullSecrets[] LocalObjectReference,"
                  + " 4 automountServiceAccountToken bool?"),
          message("v1/Service", "1 metadata ObjectMeta, 2 spec ServiceSpec"),
          message(
              "ServiceSpec",
              "1 ports[] ServicePort, 2 selector map, 3 clusterIP string, 4 type string,"
                  + " 5 externalIPs[] string, 7 sessionAffinity string, 8 loadBalancerIP string,"
                  + " 9 loadBalancerSourceRanges[] string, 10 externalName string,"
                  + " 11 externalTrafficPolicy string, 12 healthCheckNodePort int,"
                  + " 13 publishNotReadyAddresses bool, 17 ipFamilyPolicy string,"
                  + " 18 clusterIPs[] string, 19 ipFamilies[] string,"
                  + " 20 allocateLoadBalancerNodePorts bool?, 21 loadBalancerClass string,"
                  + " 22 internalTrafficPolicy string, 23 trafficDistribution string"),
          message(
              "ServicePort",
              "1 name string, 2 protocol string, 3 port int, 4 targetPort intOrString,"
                  + " 5 nodePort int, 6 appProtocol string"),
          message(
              "PolicyRule",
              "1 verbs[] string, 2 apiGroups[] string, 3 resources[] string,"
                  + " 4 resourceNames[] string, 5 nonResourceURLs[] string"),
          message("Subject", "1 kind string, 2 apiGroup string, 3 name string, 4 namespace string"),
          message("RoleRef", "1 apiGroup string, 2 kind string, 3 name string"),
          message(
              "rbac.authorization.k8s.io/v1/Role", "1 metadata ObjectMeta, 2 rules[] PolicyRule"),
          message(
              "rbac.authorization.k8s.io/v1/ClusterRole",
              "1 metadata ObjectMeta, 2 rules[] PolicyRule, 3 aggregationRule AggregationRule"),
          message("AggregationRule", "1 clusterRoleSelectors[] LabelSelector"),
          message(
              "LabelSelector", "1 matchLabels map, 2 matchExpressions[] LabelSelectorRequirement"),
          message("LabelSelectorRequirement", "1 key string, 2 operator string, 3 values[] string"),
          message("rbac.authorization.k8s.io/v1/RoleBinding", BINDING),
          message("rbac.authorization.k8s.io/v1/ClusterRoleBinding", BINDING),
          message(
              "certificates.k8s.io/v1/CertificateSigningRequest",
              "1 metadata ObjectMeta, 2 spec CertificateSigningRequestSpec,"
                  + " 3 status CertificateSigningRequestStatus"),
          message(
              "CertificateSigningRequestSpec",
              "1 request bytes, 2 username string, 3 uid string, 4 groups[] string,"
                  + " 5 usages[] string, 6 extra extraMap, 7 signerName string,"
                  + " 8 expirationSeconds int?"),
          message(
              "CertificateSigningRequestStatus",
              "1 conditions[] CertificateSigningRequestCondition, 2 certificate bytes"),
          message(
              "CertificateSigningRequestCondition",
              "1 type string, 2 reason string, 3 message string, 4 lastUpdateTime time,"
                  + " 5 lastTransitionTime time, 6 status string"),
          message(
              "authorization.k8s.io/v1/SelfSubjectAccessReview",
              REVIEW + ", 2 spec SelfSubjectAccessReviewSpec"),
          message(
              "SelfSubjectAccessReviewSpec",
              "1 resourceAttributes ResourceAttributes,"
                  + " 2 nonResourceAttributes NonResourceAttributes"),
          message(
              "ResourceAttributes",
              "1 namespace string, 2 verb string, 3 group string, 4 version string,"
                  + " 5 resource string, 6 subresource string, 7 name string"),
          message("NonResourceAttributes", "1 path string, 2 verb string"),
          message(
              "authorization.k8s.io/v1/SelfSubjectRulesReview",
              REVIEW + ", 2 spec SelfSubjectRulesReviewSpec"),
          message("SelfSubjectRulesReviewSpec", "1 namespace string"),
          message("authentication.k8s.io/v1/SelfSubjectReview", REVIEW),
          message(
              DELETE_OPTIONS,
              "1 gracePeriodSeconds int?, 2 preconditions Preconditions,"
                  + " 3 orphanDependents bool?, 4 propagationPolicy string, 5 dryRun[] string"),
          message("Preconditions", "1 uid string, 2 resourceVersion string"),
          message(
              "policy/v1/Eviction", "1 metadata ObjectMeta, 2 deleteOptions " + DELETE_OPTIONS));

  private final Map<Integer, Field> fields = new HashMap<>();

  private ProtobufSchema(String text) {
    for (String line : text.split(",", -1)) {
      String[] words = line.strip().split(" ", -1);
      boolean repeated = words[1].endsWith("[]");
      String name = repeated ? words[1].substring(0, words[1].length() - 2) : words[1];
      fields.put(Integer.parseInt(words[0]), new Field(name, words[2], repeated));
    }
  }

  /** Returns the message of a kind, or null; every version of every group has DeleteOptions. */
  static ProtobufSchema of(String apiVersion, String kind) {
    if (kind.equals(DELETE_OPTIONS)) {
      return message(DELETE_OPTIONS);
    }
    return apiVersion.isEmpty() ? null : MESSAGES.get(apiVersion + "/" + kind);
  }

  static ProtobufSchema envelope() {
    return message("Envelope");
  }

  /** Returns the message that carries one entry of such a map. */
  static ProtobufSchema entry(String map) {
    return message(map);
  }

  static ProtobufSchema message(String name) {
    return MESSAGES.get(name);
  }

  /** Returns the field of a number, or null. */
  Field field(int number) {
    return fields.get(number);
  }

  private static Map.Entry<String, ProtobufSchema> message(String name, String fields) {
    return Map.entry(name, new ProtobufSchema(fields));
  }
}
