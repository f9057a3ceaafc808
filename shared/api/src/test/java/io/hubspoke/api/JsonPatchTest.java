package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cases of RFC 6902, Appendix A, and hostile patches. */
class JsonPatchTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{'foo':'bar'} | [{'op':'add','path':'/baz','value':'qux'}] | {'baz':'qux','foo':'bar'}",
        "{'foo':['bar','baz']} | [{'op':'add','path':'/foo/1','value':'qux'}] |"
            + " {'foo':['bar','qux','baz']}",
        "{'baz':'qux','foo':'bar'} | [{'op':'remove','path':'/baz'}] | {'foo':'bar'}",
        "{'foo':['bar','qux','baz']} | [{'op':'remove','path':'/foo/1'}] | {'foo':['bar','baz']}",
        "{'baz':'qux','foo':'bar'} | [{'op':'replace','path':'/baz','value':'boo'}] |"
            + " {'baz':'boo','foo':'bar'}",
        "{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}} |"
            + " [{'op':'move','from':'/foo/waldo','path':'/qux/thud'}] |"
            + " {'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}",
        "{'foo':['all','grass','cows','eat']} | [{'op':'move','from':'/foo/1','path':'/foo/3'}] |"
            + " {'foo':['all','cows','eat','grass']}",
        "{'baz':'qux','foo':['a',2,'c']} | [{'op':'test','path':'/baz','value':'qux'},"
            + "{'op':'test','path':'/foo/1','value':2.0}] | {'baz':'qux','foo':['a',2,'c']}",
        "{'foo':'bar'} | [{'op':'add','path':'/child','value':{'grandchild':{}}}] |"
            + " {'foo':'bar','child':{'grandchild':{}}}",
        "{'foo':'bar'} | [{'op':'add','path':'/baz','value':'qux','xyz':123}] |"
            + " {'foo':'bar','baz':'qux'}",
        "{'/':9,'~1':10} | [{'op':'test','path':'/~01','value':10}] | {'/':9,'~1':10}",
        "{'foo':['bar']} | [{'op':'add','path':'/foo/-','value':['abc','def']}] |"
            + " {'foo':['bar',['abc','def']]}",
        "{'a':{'b':1}} | [{'op':'copy','from':'/a','path':'/c'}] | {'a':{'b':1},'c':{'b':1}}",
        "{'a':1} | [{'op':'add','path':'','value':[1]}] | [1]",
        "{'':1} | [{'op':'replace','path':'/','value':2}] | {'':2}",
        "{'a':{'x':1,'y':[1,{}]}} | [{'op':'test','path':'/a','value':{'y':[1,{}],'x':1}}] |"
            + " {'a':{'x':1,'y':[1,{}]}}",
      })
  void appliesOperations(String target, String patch, String result) {
    assertThat(JsonPatch.apply(json(target), json(patch))).isEqualTo(json(result));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{'baz':'qux'} | [{'op':'test','path':'/baz','value':'bar'}] | 422",
        "{'foo':'bar'} | [{'op':'add','path':'/baz/bat','value':'qux'}] | 422",
        "{'/':9,'~1':10} | [{'op':'test','path':'/~01','value':'10'}] | 422",
        "{'a':1} | [{'op':'remove','path':'/b'}] | 422",
        "{'a':1} | [{'op':'replace','path':'/b','value':1}] | 422",
        "{'a':[1]} | [{'op':'add','path':'/a/2','value':1}] | 422",
        "{'a':[1]} | [{'op':'add','path':'/a/01','value':1}] | 422",
        "{'a':[1]} | [{'op':'add','path':'/a/-1','value':1}] | 422",
        "{'a':[1]} | [{'op':'remove','path':'/a/-'}] | 422",
        "{'a':[1]} | [{'op':'remove','path':'/a/99999999999'}] | 422",
        "{'a':{'b':1}} | [{'op':'move','from':'/a','path':'/a/b'}] | 422",
        "{'a':1} | [{'op':'add','path':'b','value':1}] | 422",
        "{'a':1} | [{'op':'increment','path':'/a'}] | 422",
        "{'a':1} | [{'op':'remove','path':''}] | 422",
        "{'a':1} | [{'op':'add','path':'/b'}] | 400",
        "{'a':1} | [{'path':'/b'}] | 400",
        "{'a':1} | [7] | 400",
        "{'a':1} | {'a':2} | 400",
      })
  void refusesWhatCannotBeApplied(String target, String patch, int code) {
    JsonNode document = json(target);

    assertThatThrownBy(() -> JsonPatch.apply(document, json(patch)))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(code));
    assertThat(document).isEqualTo(json(target));
  }

  @Test
  void leavesItsArgumentsAlone() {
    JsonNode target = json("{'a':{'b':1}}");
    JsonNode patch =
        json("[{'op':'add','path':'/c','value':{}},{'op':'add','path':'/c/d','value':1}]");

    JsonPatch.apply(target, patch);

    assertThat(target).isEqualTo(json("{'a':{'b':1}}"));
    assertThat(patch.get(0).get("value")).isEqualTo(json("{}"));
  }

  @Test
  void countsOperations() {
    ArrayNode patch = (ArrayNode) json("[]");
    for (int i = 0; i <= JsonPatch.MAX_OPERATIONS; i++) {
      patch.addObject().put("op", "test").put("path", "/a").put("value", 1);
    }
    assertThatThrownBy(() -> JsonPatch.apply(json("{'a':1}"), patch))
        .hasMessage("The allowed maximum operations in a JSON patch is 10000, got 10001");
  }

  @Test
  @Timeout(20)
  void copiesThatDoubleTheDocumentAreStopped() {
    ArrayNode patch = (ArrayNode) json("[]");
    for (int i = 0; i < 100; i++) {
      patch.addObject().put("op", "copy").put("from", "/a").put("path", "/a/-");
    }
    assertThatThrownBy(() -> JsonPatch.apply(json("{'a':[1]}"), patch))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(413));
  }

  @Test
  @Timeout(20)
  void copiesThatDeepenTheDocumentAreStopped() {
    ArrayNode patch = (ArrayNode) json("[]");
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      patch.addObject().put("op", "add").put("path", path + "/a").putObject("value");
      path.append("/a");
    }
    assertThatThrownBy(() -> JsonPatch.apply(json("{}"), patch)).isInstanceOf(ApiException.class);
  }

  @Test
  @Timeout(20)
  void insertionsAtTheHeadOfAHugeArrayAreStopped() {
    ArrayNode huge = (ArrayNode) json("[]");
    for (int i = 0; i < 500_000; i++) {
      huge.add(i);
    }
    ArrayNode patch = (ArrayNode) json("[]");
    for (int i = 0; i < 10_000; i++) {
      patch.addObject().put("op", "add").put("path", "/0").put("value", 1);
    }
    assertThatThrownBy(() -> JsonPatch.apply(huge, patch))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(413));
  }

  private static JsonNode json(String text) {
    return Json.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
