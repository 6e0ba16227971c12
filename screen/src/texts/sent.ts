// The words of workers and gateways. They write English sentences; in Korean each part between
// colons is looked up here, and what is not known is shown as it was sent.

import { lang } from "../edge/choices";
import type { Words } from "./text";

/** English as it is sent, with what varies in braces, and how it is said in Korean. */
export const KOREAN: [string, string][] = [
  // why not the model
  ["nothing measured", "측정된 값 없음"],
  ["less than a day measured", "측정 기간이 하루 미만"],
  ["no two days to compare", "비교할 이틀이 없음"],
  ["some hours of the day never measured", "한 번도 측정되지 않은 시간대가 있음"],
  ["the model cannot use its window", "이 창으로는 모델을 쓸 수 없음"],
  ["no weather station", "기상 관측소 없음"],
  ["no weather observed", "기상 관측값 없음"],
  ["no weather forecast known", "기상 예보 없음"],
  ["no weather is served", "기상 정보가 제공되지 않음"],
  ["the weather forecast is {hours} h old", "기상 예보가 {hours}시간 지남"],
  ["no model is served", "배포된 모델 없음"],
  ["no model in the box has a step of {minutes} min", "간격이 {minutes}분인 내장 모델 없음"],
  // why a release was refused
  ["refused", "거부됨"],
  ["unreachable", "가져올 수 없음"],
  ["too-large", "너무 큼"],
  ["digest", "다른 파일"],
  ["damaged", "손상됨"],
  ["contract", "계약 불일치"],
  ["probe", "시험 실패"],
  ["it is shown an operator's own forecast, and workers have none", "운영자 자체 예측이 필요하나 워커에는 없음"],
  ["the file carries no contract", "파일에 계약이 없음"],
  ["the file carries no digest", "파일에 다이제스트가 없음"],
  ["the file carries two digests", "파일에 다이제스트가 두 개 있음"],
  ["the file was altered or cut short", "파일이 변경되었거나 잘림"],
  ["its digest differs", "다이제스트가 다름"],
  ["the file is empty", "파일이 비어 있음"],
  ["not an ONNX model, or one cut short", "ONNX 모델이 아니거나 잘린 파일"],
  ["what the file says of itself is not UTF-8", "파일의 자체 정보가 UTF-8이 아님"],
  ["quantiles are {found}, not {given}", "분위수 형태가 {given} 대신 {found}"],
  ["the graph does not run", "그래프가 실행되지 않음"],
  ["the graph cannot be used here", "이 그래프는 여기서 쓸 수 없음"],
  ["on a probe the network gives quantiles that are not numbers", "시험에서 분위수가 수가 아님"],
  ["on a probe the network gives quantiles that fall", "시험에서 분위수가 감소함"],
  ["told what it keeps of earlier hours it answers otherwise", "앞선 시간의 기억을 주면 답이 달라짐"],
  ["its step is {step} min, {asked} min are asked for", "모델 간격은 {step}분, 필요한 간격은 {asked}분"],
  ["its horizon is {slots} slots, {asked} are asked for", "모델 예측 길이는 {slots}칸, 필요한 길이는 {asked}칸"],
  ["its levels are {levels}, {asked} are asked for", "모델 분위는 {levels}, 필요한 분위는 {asked}"],
  ["the graph's {what} are {found}; by its contract {said}", "그래프의 {what}: {found}, 계약상 {said}"],
  ["{name} is a {type} in the graph, not a tensor(float)", "그래프의 {name} 형식이 tensor(float) 대신 {type}"],
  ["{name} takes {count} pairs at once, not any number of them", "{name}: 한 번에 정확히 {count}쌍만 받음"],
  ["{name} is {found} in the graph, {said} by its contract", "{name}: 그래프에서 {found}, 계약상 {said}"],
  ["contract version {version}; this gridcast reads {known}", "계약 버전 {version}, 이 gridcast가 읽는 버전은 {known}"],
  ["the contract cannot be kept", "지킬 수 없는 계약"],
  ["{size} bytes of digest {found}…, where {meant}… is meant", "{size}바이트, 다이제스트 {found}…, 있어야 할 것은 {meant}…"],
  ["another file, or cut short", "다른 파일이거나 잘림"],
  ["artifacts are fetched from {known} only", "모델 파일은 {known}에서만 가져옴"],
  ["a file's URL is file:///the/whole/path", "파일의 URL은 file:///전체/경로"],
  ["not a file", "파일이 아님"],
  ["no such file", "그런 파일이 없음"],
  ["say the step in minutes, as in box:60", "box:60처럼 간격을 분으로 지정해야 함"],
  ["{size} bytes; at most {most}", "{size}바이트, 최대 {most}"],
  ["an object's URL is s3://bucket/its/key", "객체의 URL은 s3://버킷/키"],
  ["S3 needs an extra", "S3에는 추가 패키지가 필요함"],
  // what a gateway does without
  ["nothing heard of Kafka for {seconds} s", "{seconds}초 동안 Kafka 응답 없음"],
  ["Redis does not answer", "Redis가 응답하지 않음"],
  ["limits are counted by each gateway alone", "한도는 게이트웨이마다 따로 계산됨"],
  // why a gateway lets nobody in, or ends a connection
  ["being read", "읽는 중"],
  ["an API key or a token is needed", "API 키 또는 토큰이 필요함"],
  ["there is no such API key", "그런 API 키가 없음"],
  ["tokens are not accepted here", "여기서는 토큰을 받지 않음"],
  ["the token has expired", "토큰이 만료됨"],
  ["the token is not accepted", "받아들일 수 없는 토큰"],
  ["invalid claims", "토큰의 내용이 잘못됨"],
  ["what you may do has changed", "권한이 바뀜"],
  ["{who} may not read", "{who}: 읽기 권한 없음"],
  ["too many requests; try again in a minute", "요청이 너무 많음, 1분 후 다시 시도"],
  ["at most {count} connections are allowed", "연결은 최대 {count}개"],
  ["at most {count} connections at all gateways are allowed", "연결은 전체 게이트웨이에서 최대 {count}개"],
  ["no `authenticate` within {seconds} s", "{seconds}초 안에 `authenticate`가 오지 않음"],
  ["the first message is `authenticate`", "첫 메시지는 `authenticate`여야 함"],
  ["nothing read for {seconds} s", "{seconds}초 동안 아무것도 받아 가지 않음"],
  ["too many alarm changes are waiting", "밀린 경보 변경이 너무 많음"],
  // why it does not do what was asked
  ["there is no such alarm", "그런 경보가 없음"],
  ["the alarm is over", "이미 해제된 경보"],
  ["an alarm is shelved for {hours} hours at most", "보류는 최대 {hours}시간"],
  ["Kafka does not answer yet", "Kafka가 아직 응답하지 않음"],
  ["Kafka has not confirmed the command within {seconds} s; it may still be carried out", "Kafka가 {seconds}초 안에 확인하지 않음, 나중에 처리될 수 있음"],
  ["Kafka has not confirmed the command", "Kafka가 명령을 확인하지 않음"],
  ["{who} may not", "{who}: 권한 없음"],
  ["it needs the scope `{scope}`", "`{scope}` 권한이 필요함"],
  ["metrics need the scope `admin`", "지표에는 `admin` 권한이 필요함"],
  ["you are authenticated already", "이미 인증됨"],
  ["a connection has {count} subscriptions at most", "한 연결의 구독은 최대 {count}개"],
  ["there is no such subscription", "그런 구독이 없음"],
  ["only GET and HEAD are answered", "GET과 HEAD 요청에만 응답함"],
  ["there is no forecast of {series}", "{series}의 예측이 없음"],
  ["there are no readings of {series}", "{series}의 측정값이 없음"],
  ["nothing is known of {series}", "{series}에 대해 알려진 것이 없음"],
  ["which series? add ?series=NAME", "어느 계열? ?series=이름을 붙일 것"],
  ["a time within the last 8 days", "지난 8일 안의 시각이어야 함"],
  ["a time such as {time}", "{time}와 같은 형식의 시각이어야 함"],
  ["format is json or csv, not {given}", "형식은 {given} 대신 json 또는 csv"],
  ["there is nothing here", "여기에는 아무것도 없음"],
  ["the topics could not be read within {seconds} s", "토픽을 {seconds}초 안에 읽지 못함"],
  ["the topics could not be read", "토픽을 읽지 못함"],
  ["there is too much data of that time", "당시 토픽의 내용이 너무 많음"],
  ["ask for one series", "계열 하나만 요청할 것"],
  ["it cannot be reached", "연결할 수 없음"],
];

const SLOT = /\{\w+\}/g;
const FORMS = KOREAN.map(([english, korean]) => {
  const fixed = english.split(SLOT).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const names = (english.match(SLOT) ?? []) as string[];
  return { form: new RegExp(`^${fixed.join("(.+)")}$`), names, korean };
});

/** What was sent, in the language that somebody chose where it can be said in it. */
export function sent(words: string): Words {
  if (lang.value !== "ko") return { text: words, lang: "en" };
  const parts = words.split(": ");
  const said = parts.map(inKorean);
  if (said.every((one) => one === null)) return { text: words, lang: "en" };
  return { text: said.map((one, at) => one ?? parts[at]).join(": "), lang: "ko" };
}

function inKorean(part: string): string | null {
  for (const { form, names, korean } of FORMS) {
    const found = form.exec(part);
    if (found) {
      return names.reduce((said, name, at) => said.replace(name, () => found[at + 1] ?? ""), korean);
    }
  }
  return null;
}
