package org.openvrg.rest.internal;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.Optional;
import javax.ws.rs.WebApplicationException;
import javax.ws.rs.core.HttpHeaders;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.StoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where failures become answers: status, {@code errorCode} and {@code errorDes}.
 *
 * <p>Texts of exceptions that are not ours never leave: they may hold paths and class names. They are logged instead.
 */
final class ErrorAnswers {
    /** Type of every answer. */
    static final String JSON_UTF8 = "application/json;charset=UTF-8";

    private static final int MAX_CAUSES = 16;
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAnswers.class);

    private ErrorAnswers() {}

    /** Body of an answer that is not 200. */
    record ErrorBody(String errorCode, String errorDes) {}

    /** The answer to a failure. */
    static Response answer(Throwable failure, Language language) {
        return answer(describe(failure), language, allowed(failure));
    }

    /** The answer to a request that can't be carried out. */
    static Response answer(RequestException failure, Language language) {
        return answer(failure, language, List.of());
    }

    /** The body alone, for what never reaches JAX-RS. */
    static String body(RequestException failure, Language language) {
        return JsonProvider.text(new ErrorBody(failure.error().code(), language.choose(failure)));
    }

    /** A body that is not JSON, with the place where it stops to be. */
    static RequestException notJson(JsonProcessingException failure) {
        JsonLocation place = failure.getLocation();
        String where = place == null ? "" : " (" + place.getLineNr() + ":" + place.getColumnNr() + ")";
        return Requests.invalid(
                "body",
                "is not JSON as it should be: malformed, cut short, nested too deeply, or with a member twice" + where,
                "请求正文不是合法的 JSON:格式错误、不完整、嵌套过深或成员重复" + where);
    }

    /** The error of an HTTP status that the container or JAX-RS decided on. */
    static RequestException ofStatus(int status) {
        return switch (status) {
            case 404 -> new RequestException(ErrorCode.NOT_FOUND, "there is no such resource", "资源不存在");
            case 405 ->
                new RequestException(ErrorCode.METHOD_NOT_ALLOWED, "the resource has no such method", "此资源不支持该方法");
            case 415 ->
                new RequestException(
                        ErrorCode.MEDIA_TYPE,
                        "Content-Type: it is application/json",
                        "Content-Type:应为 application/json");
            case 501 ->
                new RequestException(
                        ErrorCode.NOT_IMPLEMENTED,
                        "the appliance has no such function; methods are GET, HEAD, POST, PUT and DELETE",
                        "系统不支持该服务功能;支持的方法为 GET、HEAD、POST、PUT 和 DELETE");
            case 503 -> new RequestException(ErrorCode.UNAVAILABLE, "not possible right now; try again", "服务不可用,请稍后重试");
            case 406 ->
                new RequestException(
                        ErrorCode.PARAMETER_INVALID, "Accept: it is application/json", "Accept:应为 application/json");
            default ->
                status >= 400 && status < 500
                        ? new RequestException(ErrorCode.PARAMETER_INVALID, "the request is not valid", "请求不合法")
                        : internal();
        };
    }

    private static RequestException describe(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
            if (cause instanceof RequestException request) {
                return request;
            }
            if (cause instanceof JsonProcessingException json) {
                return notJson(json);
            }
            if (cause instanceof StoreException) {
                LOG.error("a request failed for want of the database", failure);
                return new RequestException(
                        ErrorCode.INTERNAL,
                        "the configuration database can't be read or written, nothing was changed; look at the disk and"
                                + " the log of the appliance",
                        "系统内部错误,请检查系统运行状态:配置数据库无法读写,配置未改变");
            }
            cause = cause.getCause();
        }
        if (failure instanceof WebApplicationException web && web.getResponse().getStatus() < 500) {
            LOG.debug("a request was refused with {}", web.getResponse().getStatus(), failure);
            return ofStatus(web.getResponse().getStatus());
        }
        LOG.error("a request failed", failure);
        return internal();
    }

    private static RequestException internal() {
        return new RequestException(
                ErrorCode.FAILURE, "internal error; see the log of the appliance", "系统内部错误,请检查系统运行状态");
    }

    private static List<String> allowed(Throwable failure) {
        if (!(failure instanceof WebApplicationException web)) {
            return List.of();
        }
        return Optional.ofNullable(web.getResponse().getHeaderString(HttpHeaders.ALLOW)).stream()
                .toList();
    }

    private static Response answer(RequestException failure, Language language, List<String> allowed) {
        Response.ResponseBuilder answer = Response.status(failure.error().httpStatus())
                .type(JSON_UTF8)
                .entity(new ErrorBody(failure.error().code(), language.choose(failure)));
        if (failure.error() == ErrorCode.METHOD_NOT_ALLOWED) {
            allowed.forEach(methods -> answer.header(HttpHeaders.ALLOW, methods));
        }
        return answer.build();
    }
}
