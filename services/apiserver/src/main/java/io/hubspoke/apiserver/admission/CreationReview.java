package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.RequestBody;
import io.hubspoke.apiserver.http.Warnings;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;

/** Has webhooks judge what is created and answered at once, such as a SubjectAccessReview. */
public final class CreationReview implements Endpoint {
  private final ResourceType type;
  private final Admission admission;
  private final Endpoint next;

  public CreationReview(ResourceType type, Admission admission, Endpoint next) {
    this.type = type;
    this.admission = admission;
    this.next = next;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    if (!admission.hasWebhooks() || !request.info().verb().equals("create")) {
      return next.handle(request);
    }
    return RequestBody.object(request)
        .compose(sent -> reviewed(request, sent))
        .compose(
            allowed -> {
              Warnings.add(request.http().response(), request.notes().warnings());
              return next.handle(allowed);
            });
  }

  private Future<ApiRequest> reviewed(ApiRequest request, ObjectNode sent) {
    Promise<ApiRequest> here = Promise.promise();
    admission
        .review(
            new AdmissionRequest(
                AdmissionRequest.Operation.CREATE,
                request.user(),
                type,
                "",
                request.info().namespace(),
                "",
                sent,
                null,
                false,
                new Origin(Json::object, request.notes())))
        .map(changed -> changed.map(made -> changed(request, made)).orElse(request))
        .onComplete(done -> request.context().runOnContext(v -> here.handle(done)));
    return here.future();
  }

  private static ApiRequest changed(ApiRequest request, ObjectNode made) {
    request.http().headers().set("Content-Type", "application/json");
    return request.with(Buffer.buffer(Json.bytes(made)));
  }
}
