FROM busybox:latest
COPY . /all
