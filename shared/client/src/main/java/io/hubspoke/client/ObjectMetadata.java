package io.hubspoke.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import java.util.ArrayList;
import java.util.List;

/**
 * What an object of any type says of its life: who owns it, and what holds its deletion. Read as
 * {@code PartialObjectMetadata}, so that nothing else of it is sent or kept.
 *
 * @param deleting whether its deletion has begun
 */
public record ObjectMetadata(
    String namespace,
    String name,
    String uid,
    String resourceVersion,
    boolean deleting,
    List<String> finalizers,
    List<OwnerReference> ownerReferences) {
  static final String ACCEPT =
      "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  static final String ACCEPT_LIST =
      "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

  /**
   * One of an object's owners.
   *
   * @param controller null when the reference doesn't say
   * @param blockOwnerDeletion null when the reference doesn't say
   */
  public record OwnerReference(
      String apiVersion,
      String kind,
      String name,
      String uid,
      Boolean controller,
      Boolean blockOwnerDeletion) {

    /** Returns whether a foreground deletion of the owner waits for the object. */
    public boolean blocks() {
      return blockOwnerDeletion != null && blockOwnerDeletion;
    }

    public OwnerReference withoutBlocking() {
      return blocks() ? new OwnerReference(apiVersion, kind, name, uid, controller, false) : this;
    }

    public ObjectNode toJson() {
      ObjectNode json = Json.object();
      json.put("apiVersion", apiVersion).put("kind", kind).put("name", name).put("uid", uid);
      if (controller != null) {
        json.put("controller", controller);
      }
      if (blockOwnerDeletion != null) {
        json.put("blockOwnerDeletion", blockOwnerDeletion);
      }
      return json;
    }

    private static OwnerReference of(JsonNode json) {
      return new OwnerReference(
          json.path("apiVersion").asText(),
          json.path("kind").asText(),
          json.path("name").asText(),
          json.path("uid").asText(),
          flag(json.get("controller")),
          flag(json.get("blockOwnerDeletion")));
    }

    private static Boolean flag(JsonNode node) {
      if (node == null || node.isNull()) {
        return null;
      }
      return node.asBoolean();
    }
  }

  public ObjectMetadata {
    finalizers = List.copyOf(finalizers);
    ownerReferences = List.copyOf(ownerReferences);
  }

  /** Reads an object's metadata, whatever else the object has. */
  public static ObjectMetadata of(JsonNode object) {
    var metadata = object.path("metadata");
    var finalizers = new ArrayList<String>();
    metadata.path("finalizers").forEach(f -> finalizers.add(f.asText()));
    var owners = new ArrayList<OwnerReference>();
    for (var owner : metadata.path("ownerReferences")) {
      owners.add(OwnerReference.of(owner));
    }
    return new ObjectMetadata(
        Meta.namespace(object),
        Meta.name(object),
        Meta.uid(object),
        Meta.resourceVersion(object),
        Meta.deleting(object),
        finalizers,
        owners);
  }
}
