package io.hubspoke.controllermanager.certificates;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;

/** Asks the apiserver by SubjectAccessReview what the sender of a request may do. */
public final class AccessReviews {
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authorization.k8s.io", "v1", "subjectaccessreviews", ObjectNode.class);

  private final ApiClient client;

  public AccessReviews(ApiClient client) {
    this.client = client;
  }

  /** Tells whether the sender may create this subresource of certificatesigningrequests; waits. */
  boolean mayCreate(Request request, String subresource) {
    var requester = request.object().getSpec();
    var review =
        Json.object()
            .put("apiVersion", "authorization.k8s.io/v1")
            .put("kind", "SubjectAccessReview");
    var spec = review.putObject("spec");
    spec.put("user", request.username());
    if (requester.getUid() != null) {
      spec.put("uid", requester.getUid());
    }
    var groups = spec.putArray("groups");
    request.groups().forEach(groups::add);
    if (requester.getExtra() != null && !requester.getExtra().isEmpty()) {
      spec.set("extra", Json.tree(requester.getExtra()));
    }
    spec.putObject("resourceAttributes")
        .put("group", "certificates.k8s.io")
        .put("version", "*")
        .put("resource", "certificatesigningrequests")
        .put("subresource", subresource)
        .put("verb", "create");
    var answer = client.create(REVIEWS, "", review).await();
    return answer.path("status").path("allowed").asBoolean(false);
  }
}
