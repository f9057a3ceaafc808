package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has Jackson look at typed objects' classes before an event loop converts to them: the first
 * conversion to a Pod reads hundreds of classes by reflection, for seconds on a busy machine.
 */
final class TypeIntrospection {
  private static final Logger LOG = LoggerFactory.getLogger(TypeIntrospection.class);
  private static final Map<Class<?>, Future<Void>> DONE = new ConcurrentHashMap<>();

  private TypeIntrospection() {}

  /** Completes when objects can be converted to the type at once; begins when first asked. */
  static Future<Void> of(Class<?> type) {
    if (type == ObjectNode.class || type == ObjectMetadata.class) {
      return Future.succeededFuture();
    }
    return DONE.computeIfAbsent(type, TypeIntrospection::begin);
  }

  private static Future<Void> begin(Class<?> type) {
    Promise<Void> done = Promise.promise();
    Thread.ofVirtual()
        .name("introspect-" + type.getSimpleName())
        .start(
            () -> {
              try {
                var unused = Json.convert(Json.object(), type);
              } catch (RuntimeException | LinkageError e) {
                // Those who have an object to convert will hear of it.
                LOG.debug("{}: {}", type.getName(), e.toString());
              } finally {
                complete(done, type);
              }
            });
    return done.future();
  }

  private static void complete(Promise<Void> done, Class<?> type) {
    try {
      done.complete();
    } catch (RejectedExecutionException e) {
      LOG.debug("{}: who waited for it has ended", type.getName());
    }
  }
}
