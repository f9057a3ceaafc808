package io.hubspoke.controllermanager.serviceaccounts;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.tokens.TokenSigner;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Supplier;

/**
 * Puts token, authority and namespace into secrets that ask for a service account's token by their
 * type and annotation, and deletes them with the account ("Token controller").
 */
public final class TokenSecretController implements Controller {
  /** The type of the secrets. */
  public static final String TYPE = "kubernetes.io/service-account-token";

  private static final String ACCOUNT = "kubernetes.io/service-account.name";
  private static final String ACCOUNT_UID = "kubernetes.io/service-account.uid";

  private record Name(String namespace, String name) {}

  private final ApiClient client;
  private final Informer<ObjectNode> accounts;
  private final Informer<ObjectNode> secrets;
  private final Supplier<TokenSigner> signer;
  private final ControlLoop<Name> loop;
  private volatile String rootCa;

  /**
   * Fills secrets.
   *
   * @param secrets those of {@link #TYPE}
   * @param signer gives the one that signs now
   * @param rootCa in PEM; empty to leave it out
   */
  public TokenSecretController(
      ApiClient client,
      Context context,
      Informer<ObjectNode> accounts,
      Informer<ObjectNode> secrets,
      Supplier<TokenSigner> signer,
      String rootCa) {
    this.client = client;
    this.accounts = accounts;
    this.secrets = secrets;
    this.signer = signer;
    this.rootCa = rootCa;
    this.loop = new ControlLoop<>("serviceaccount-token", context, 4, this::reconcile);
    secrets.addHandler(loop.onChange(item -> new Name(item.key().namespace(), item.key().name())));
    accounts.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {
            addSecretsOf(item);
          }

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
            // Nothing of an account but its being there is in its tokens.
          }

          @Override
          public void deleted(Item<ObjectNode> last) {
            addSecretsOf(last);
          }
        });
  }

  /** Puts another authority into all secrets, in place of the one so far. */
  public void replaceRootCa(String authority) {
    rootCa = authority;
    secrets.items().forEach(item -> loop.add(new Name(item.key().namespace(), item.key().name())));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private void addSecretsOf(Item<ObjectNode> account) {
    for (var secret : secrets.items()) {
      if (secret.key().namespace().equals(account.key().namespace())
          && accountOf(secret.object()).equals(account.key().name())) {
        loop.add(new Name(secret.key().namespace(), secret.key().name()));
      }
    }
  }

  private Duration reconcile(Name name) {
    accounts.hasSynced().await();
    secrets.hasSynced().await();
    var secret = secrets.get(name.namespace(), name.name());
    if (secret == null
        || Meta.deleting(secret)
        || !secret.path("type").asText().equals(TYPE)
        || accountOf(secret).isEmpty()) {
      return Duration.ZERO;
    }
    try {
      var account = account(name.namespace(), accountOf(secret));
      var wantedUid = Meta.annotations(secret).getOrDefault(ACCOUNT_UID, "");
      if (account == null || !(wantedUid.isEmpty() || wantedUid.equals(Meta.uid(account)))) {
        client
            .delete(
                Resource.SECRETS,
                name.namespace(),
                name.name(),
                DeleteOptions.now(Meta.uid(secret)))
            .await();
      } else {
        fill(name, secret, account);
      }
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Duration.ZERO;
  }

  /** Asks the apiserver itself before anything is deleted: the informers may be behind. */
  private ObjectNode account(String namespace, String name) {
    var known = accounts.get(namespace, name);
    if (known != null) {
      return known;
    }
    try {
      return client.get(Resource.SERVICE_ACCOUNTS.tree(), namespace, name).await();
    } catch (ApiException e) {
      if (e.code() == 404) {
        return null;
      }
      throw e;
    }
  }

  private void fill(Name name, ObjectNode secret, ObjectNode account) {
    var next = secret.deepCopy();
    var data = next.get("data") instanceof ObjectNode given ? given : next.putObject("data");
    if (data.path("token").asText("").isEmpty()) {
      data.put("token", base64(signer.get().sign(claims(name, account))));
    }
    var authority = rootCa;
    if (!authority.isEmpty()) {
      data.put("ca.crt", base64(authority));
    }
    if (data.path("namespace").asText("").isEmpty()) {
      data.put("namespace", base64(name.namespace()));
    }
    var metadata = Meta.of(next);
    var annotations =
        metadata.get("annotations") instanceof ObjectNode given
            ? given
            : metadata.putObject("annotations");
    annotations.put(ACCOUNT_UID, Meta.uid(account));
    if (!next.equals(secret)) {
      client.update(Resource.SECRETS.tree(), name.namespace(), name.name(), next).await();
    }
  }

  private static ObjectNode claims(Name secret, ObjectNode account) {
    var prefix = "kubernetes.io/serviceaccount/";
    return Json.object()
        .put("iss", "kubernetes/serviceaccount")
        .put(prefix + "namespace", secret.namespace())
        .put(prefix + "secret.name", secret.name())
        .put(prefix + "service-account.name", Meta.name(account))
        .put(prefix + "service-account.uid", Meta.uid(account))
        .put("sub", "system:serviceaccount:" + secret.namespace() + ":" + Meta.name(account));
  }

  private static String accountOf(ObjectNode secret) {
    return Meta.annotations(secret).getOrDefault(ACCOUNT, "");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
