package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.resources.Resource;
import io.vertx.core.Future;
import java.util.function.UnaryOperator;

/** Objects that the server makes and changes by itself, whoever asks it for something. */
public final class ServerObjects {
  private static final WriteOptions AS_SERVER = WriteOptions.byServer(false);

  private final Registry registry;

  public ServerObjects(Registry registry) {
    this.registry = registry;
  }

  /** Returns an object as it is now, or null. */
  public ObjectNode get(Resource resource, String namespace, String name) {
    return registry.lister().get(resource.type(), namespace, name);
  }

  /** Makes an object unless there is one of the name. */
  public Future<Void> create(Resource resource, String namespace, ObjectNode object) {
    if (get(resource, namespace, Meta.name(object)) != null) {
      return Future.succeededFuture();
    }
    return registry
        .create(Target.of(resource, namespace, ""), object.deepCopy(), AS_SERVER)
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof ApiException refused && refused.reason().equals("AlreadyExists")
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  /** Changes an object; fails with 404 when there is none. */
  public Future<Void> change(
      Resource resource, String namespace, String name, UnaryOperator<ObjectNode> change) {
    return registry.change(Target.of(resource, namespace, name), change, AS_SERVER).mapEmpty();
  }

  /** Deletes an object at once. */
  public Future<Void> delete(Resource resource, String namespace, String name) {
    return registry
        .delete(Target.of(resource, namespace, name), DeleteOptions.DEFAULT, AS_SERVER.user())
        .mapEmpty();
  }
}
